// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs inside an emulated host: the binding and what is built on it. One JSON object a line in, one a line out.
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { readInventory, type HostPorts } from '@vgpu/core';
import { open, type Connection, type NodeDevice } from '@vgpu/libvirt';
import { openLibvirtHost } from '@vgpu/libvirt-adapter';
import { SysfsHostFacts } from '@vgpu/sysfs-adapter';

const uri = 'qemu:///system';
const connectionsAtMost = 4;

const tickMs = 5;

const connections: Connection[] = [];
let devices: NodeDevice[] = [];
let unanswered: Promise<unknown> = Promise.resolve();

interface Request {
  readonly op: string;
  readonly names?: readonly string[];
  readonly connections?: number;
  readonly durationMs?: number;
}

const operations: Readonly<Record<string, (request: Request) => Promise<unknown>>> = {
  async open() {
    for (let index = 0; index < connectionsAtMost; index++) connections.push(await open(uri));
  },

  async prepare({ names = [] }) {
    for (const device of devices) device.dispose();
    devices = [];
    for (const name of names) devices.push(await first().lookupNodeDeviceByName(name));
  },

  async lookUpAndAskActive({ names = [] }) {
    return await elapsed(async () => {
      for (const name of names) {
        const device = await first().lookupNodeDeviceByName(name);
        await device.isActive();
        device.dispose();
      }
    });
  },

  async readXml() {
    return await elapsed(async () => {
      for (const device of devices) await device.getXmlDesc();
    });
  },

  /** A call for each device, all made at once. */
  async readAllXml({ connections: count = 1 }) {
    return await reading(async () => {
      const shares = connections.slice(0, count).map((connection, index) => readShare(connection, index, count));
      return (await Promise.all(shares)).flat();
    });
  },

  /** One hop to each connection's thread. */
  async readAllXmlBatched({ connections: count = 1 }) {
    const fields = [] as const;
    if (count === 1) return await reading(() => first().listNodeDevicesWithXml({ fields }));
    return await reading(async () => {
      const names = await first().listNodeDeviceNames();
      const shares = connections.slice(0, count).map((connection, index) => {
        const share = names.slice((index * names.length) / count, ((index + 1) * names.length) / count);
        return connection.readNodeDevices(share, { fields });
      });
      return (await Promise.all(shares)).flat();
    });
  },

  async readAllRecords() {
    return await reading(() => first().listNodeDevicesWithXml());
  },

  /** Begins calls on every connection, which nobody answers meanwhile, and looks how long the others have to wait. */
  async callInVain({ durationMs = 0 }) {
    const calls = connections.flatMap((connection) => Array.from({ length: 8 }, () => connection.getCapabilities()));
    let answered = 0;
    unanswered = Promise.all(calls.map((call) => call.then(() => answered++)));
    // A call that fails is told of by `awaitAnswers`, or to nobody when the measuring failed.
    unanswered.catch(() => undefined);
    const end = performance.now() + durationMs;
    const [timerMs, readFileMs] = await Promise.all([
      longestDelay(end, tickMs, () => new Promise((resolve) => setTimeout(resolve, tickMs))),
      longestDelay(end, 0, () => readFile('/proc/self/status')),
    ]);
    return { timerMs, readFileMs, answered };
  },

  async awaitAnswers() {
    await unanswered;
  },

  async listNodeDevices() {
    return await onFreshHost(async (host) => {
      const { pciDevices, mdevs } = await host.nodeDevices.list();
      return pciDevices.length + mdevs.length;
    });
  },

  async readInventory() {
    return await onFreshHost(async (host) => (await readInventory(host)).pciDevices.size);
  },
};

/** One connection's part of all documents. Each lists all devices: that is one call. */
async function readShare(connection: Connection, index: number, count: number): Promise<string[]> {
  const listed = await connection.listAllNodeDevices();
  const documents = await Promise.all(listed.filter((_, at) => at % count === index).map((each) => each.getXmlDesc()));
  for (const device of listed) device.dispose();
  return documents;
}

/** The first time, when nothing is remembered, and the time after that. */
async function onFreshHost(read: (host: HostPorts) => Promise<number>) {
  const host = await openLibvirtHost({ uri, facts: new SysfsHostFacts() });
  try {
    let documents = 0;
    const once = async (): Promise<void> => {
      documents = await read(host);
    };
    const ns = await elapsed(once);
    return { ns, repeatedNs: await elapsed(once), documents };
  } finally {
    await host.close();
  }
}

function first(): Connection {
  const [connection] = connections;
  if (connection === undefined) throw new Error('not open');
  return connection;
}

async function reading(read: () => Promise<readonly unknown[]>) {
  let documents = 0;
  const ns = await elapsed(async () => {
    documents = (await read()).length;
  });
  return { ns, documents };
}

/** How much longer than it should the slowest of all repetitions took, in milliseconds. */
async function longestDelay(end: number, expectedMs: number, work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  for (let begun = performance.now(); begun < end;) {
    await work();
    const now = performance.now();
    longest = Math.max(longest, now - begun - expectedMs);
    begun = now;
  }
  return longest;
}

async function elapsed(work: () => Promise<void>): Promise<number> {
  const start = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - start);
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line) as Request;
  let answer: unknown;
  try {
    const operation = operations[request.op];
    if (operation === undefined) throw new Error(`no such operation: ${request.op}`);
    answer = { ok: true, value: (await operation(request)) ?? null };
  } catch (error) {
    answer = { ok: false, error: String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
for (const connection of connections) await connection.close();
