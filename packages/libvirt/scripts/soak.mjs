// SPDX-License-Identifier: LGPL-2.1-or-later
// Kills, stops and continues a libvirtd of its own while two connections work on it, again and again, and watches what
// this process holds. Usage: node --expose-gc scripts/soak.mjs [--rounds 200] [--report FILE]; needs root and the build.
// Exit status 1: a call hung, something grew, or a call that should have worked failed. A crash speaks for itself.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { arch, release } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { DisposedError, LibvirtError, libraryVersion, open } from '../dist/index.js';
import { Daemon, daemonObstacle } from '../src/test/daemon.mjs';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '200' }, report: { type: 'string' } } });
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds must be a whole number from 1');
const obstacle = daemonObstacle();
if (obstacle !== undefined) throw new Error(obstacle);

const keepAlive = { intervalSeconds: 1, count: 1 };
// libvirt notices after (count + 1) intervals; the rest is for a busy machine.
const lossBoundMs = 1000 * keepAlive.intervalSeconds * (keepAlive.count + 1) + 5000;
const callsOfRound = 100;
const figures = { calls: 0, answered: 0, failed: 0, lost: {}, slowestLossMs: 0, slowestCloseMs: 0, longestBlockMs: 0 };

/** What must not grow. */
function held() {
  globalThis.gc();
  return {
    rssMiB: Math.round(process.memoryUsage.rss() / 1024 / 1024),
    fds: readdirSync('/proc/self/fd').length,
    threads: readdirSync('/proc/self/task').length,
  };
}

async function within(what, milliseconds, promise) {
  const controller = new AbortController();
  const late = delay(milliseconds, undefined, { signal: controller.signal }).then(() => {
    throw new Error(`${what} took more than ${milliseconds} ms`);
  });
  late.catch(() => {});
  try {
    return await Promise.race([promise, late]);
  } finally {
    controller.abort();
  }
}

function call(connection, domain, device, index) {
  switch (index % 5) {
    case 0:
      return connection.listDomainsWithXml();
    case 1:
      return connection.listNodeDevicesWithXml();
    case 2:
      return domain.getXmlDesc();
    case 3:
      return device.listCaps();
    default:
      return connection.listAllNodeDevices();
  }
}

/** Connections that work until they are lost, or until the calls are done. */
async function startLoad(uri, index) {
  const connection = await open(uri, { keepAlive });
  const lost = new Promise((resolve) => connection.onClose(resolve));
  const domain = await connection.lookupDomainByName('test');
  const device = await connection.lookupNodeDeviceByName('computer');
  await connection.onDomainEvent('lifecycle', () => {});
  await connection.onNodeDeviceLifecycle(() => {});
  const calls = Array.from({ length: callsOfRound }, (_, number) => {
    const signal = number % 10 === 9 ? AbortSignal.timeout(5 * ((index + number) % 20)) : undefined;
    figures.calls += 1;
    return (signal === undefined ? call(connection, domain, device, number) : domain.getXmlDesc(0, { signal })).then(
      () => void (figures.answered += 1),
      (error) => {
        figures.failed += 1;
        const expected =
          error instanceof LibvirtError || error instanceof DisposedError || error.name === 'TimeoutError';
        if (!expected) throw error;
      },
    );
  });
  return { connection, lost, done: Promise.all(calls) };
}

async function close(connections) {
  const start = performance.now();
  await within('close', 6000, Promise.all(connections.map((connection) => connection.close({ timeoutMs: 5000 }))));
  figures.slowestCloseMs = Math.max(figures.slowestCloseMs, performance.now() - start);
}

const disasters = {
  async kill(daemon, loads) {
    daemon.signal('SIGKILL');
    await lose(loads);
    await daemon.restart();
  },
  async stop(daemon, loads) {
    daemon.signal('SIGSTOP');
    await lose(loads);
    daemon.signal('SIGCONT');
  },
  async 'stop and continue'(daemon, loads) {
    daemon.signal('SIGSTOP');
    await delay(100);
    daemon.signal('SIGCONT');
    await within('the calls after SIGCONT', 20_000, Promise.all(loads.map((load) => load.done)));
  },
  /** A connection that is given up while its daemon says nothing. */
  async 'stop and close'(daemon, loads) {
    daemon.signal('SIGSTOP');
    await Promise.all(loads.map((load) => load.connection.close({ timeoutMs: 50 })));
    await within('the calls after close', 2000, Promise.all(loads.map((load) => load.done)));
    daemon.signal('SIGCONT');
  },
};

async function lose(loads) {
  const start = performance.now();
  const reasons = await within('the loss', lossBoundMs, Promise.all(loads.map((load) => load.lost)));
  await within('the calls after the loss', lossBoundMs, Promise.all(loads.map((load) => load.done)));
  figures.slowestLossMs = Math.max(figures.slowestLossMs, performance.now() - start);
  for (const reason of reasons) figures.lost[reason] = (figures.lost[reason] ?? 0) + 1;
}

function watchBlocking() {
  let last = performance.now();
  return setInterval(() => {
    const now = performance.now();
    figures.longestBlockMs = Math.max(figures.longestBlockMs, now - last - 10);
    last = now;
  }, 10);
}

const daemon = await Daemon.start();
const names = Object.keys(disasters);
let warm;
let baseline;
try {
  const timer = watchBlocking();
  for (let round = 0; round < rounds; round++) {
    const name = names[round % names.length];
    const loads = await within(
      'opening',
      20_000,
      Promise.all([startLoad(daemon.uri, round), startLoad(daemon.uri, round + 7)]),
    );
    // In the middle of the work, a little later in every round.
    await delay(round % 10);
    await disasters[name](daemon, loads);
    await close(loads.map((load) => load.connection));
    // Allocators and the compiler settle in the first rounds of each kind.
    if (round === Math.min(2 * names.length, rounds) - 1) warm = await settled(undefined);
  }
  clearInterval(timer);
  baseline = await settled(warm);
} finally {
  await daemon.stop();
}

/** What is held when the threads of closed connections have ended. */
async function settled(limit) {
  const deadline = Date.now() + 5000;
  for (;;) {
    await delay(50);
    const now = held();
    const connections = readdirSync('/proc/self/task').filter((id) => {
      try {
        return readFileSync(`/proc/self/task/${id}/comm`, 'utf8') === 'libvirt-conn\n';
      } catch {
        return false;
      }
    }).length;
    const high = limit !== undefined && (now.fds > limit.fds || now.threads > limit.threads);
    if ((connections === 0 && !high) || Date.now() > deadline) return { ...now, connections };
  }
}

const growthMiB = baseline.rssMiB - warm.rssMiB;
const growthLimitMiB = 30;
const problems = [];
if (baseline.connections > 0) problems.push(`${baseline.connections} threads of connections are left`);
if (baseline.fds > warm.fds) problems.push(`file descriptors grew from ${warm.fds} to ${baseline.fds}`);
if (baseline.threads > warm.threads) problems.push(`threads grew from ${warm.threads} to ${baseline.threads}`);
if (growthMiB > growthLimitMiB) problems.push(`memory grew by ${growthMiB} MiB`);

const report = [
  `rounds              ${rounds} (${names.join(', ')})`,
  `calls               ${figures.calls}: ${figures.answered} answered, ${figures.failed} rejected, 0 hung`,
  `connections lost    ${Object.entries(figures.lost)
    .map(([reason, count]) => `${count} ${reason}`)
    .join(', ')}`,
  `slowest rejection   ${Math.round(figures.slowestLossMs)} ms after the daemon was killed or stopped (bound ${lossBoundMs})`,
  `slowest close       ${Math.round(figures.slowestCloseMs)} ms`,
  `longest block       ${Math.round(figures.longestBlockMs)} ms of JavaScript, garbage collection and other processes included`,
  `memory              ${warm.rssMiB} MiB after ${Math.min(2 * names.length, rounds)} rounds, ${baseline.rssMiB} MiB at the end`,
  `file descriptors    ${warm.fds}, ${baseline.fds}`,
  `threads             ${warm.threads}, ${baseline.threads}`,
  `node ${process.version}, libvirt ${await libraryVersion()}, Linux ${release()} ${arch()}, keep-alive ${keepAlive.intervalSeconds} s × ${keepAlive.count}`,
  problems.length === 0 ? 'ok' : `FAILED: ${problems.join('; ')}`,
].join('\n');
console.log(report);
if (values.report !== undefined) writeFileSync(values.report, `${report}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
