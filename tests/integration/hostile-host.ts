// SPDX-License-Identifier: LGPL-2.1-or-later
// What the tests of hostile callers and of the fuzzer look at.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import dbus from 'dbus-next';
import { busName, contract, interfaces, managerPath, type ContractInterface } from '@vgpu/dbus-service/protocol';
import type { EmulatedHost, ExecResult } from '../emulated-host/index.js';
import { run } from '../emulated-host/testing.js';
import type { ObjectMirror } from './dbus-service-mirror.js';

const programs = join(import.meta.dirname, '../hostile');

/** Runs a program of tests/hostile inside; it changes to its user by itself. */
export function runHostile(
  host: EmulatedHost,
  program: string,
  args: readonly string[],
  input?: string,
): Promise<ExecResult> {
  const options = input === undefined ? {} : { input };
  return host.exec('/usr/bin/python3', ['-B', '-I', '-S', join(programs, program), ...args], options);
}

/** Everything a change could touch: definitions, machines, and what the kernel has. */
export async function hostState(host: EmulatedHost): Promise<unknown> {
  const files = 'find /etc/mdevctl.d /var/lib/vgpud /etc/libvirt/qemu -type f -exec cat {} +';
  const machines = 'for d in $(virsh list --all --name); do virsh dumpxml $d; virsh domstate $d; done';
  return [await run(host, 'sh', ['-c', `${files}; ${machines}`]), await host.kernelState()];
}

/** Files with names that hostile values hold, anywhere that they could lead to. */
export async function victims(host: EmulatedHost): Promise<string> {
  const { stdout } = await host.exec('sh', [
    '-c',
    'ls -d /etc/victim* /victim* /sys/victim* /var/lib/vgpud/* 2>/dev/null',
  ]);
  return stdout;
}

export function processId(host: EmulatedHost): number {
  return Number(readFileSync(`${host.root}/run/emulated-host/pid/vgpud`, 'utf8'));
}

/** Of vgpud, in MiB. */
export function residentMiB(host: EmulatedHost): number {
  const status = readFileSync(`${host.root}/proc/${processId(host)}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}

/** Lets `peakMiB` count from now. */
export function resetPeak(host: EmulatedHost): void {
  // proc(5): 5 resets the peak of the resident memory.
  writeFileSync(`${host.root}/proc/${processId(host)}/clear_refs`, '5');
}

/** The most that vgpud has had resident since `resetPeak`, in MiB. */
export function peakMiB(host: EmulatedHost): number {
  const status = readFileSync(`${host.root}/proc/${processId(host)}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}

export function threadsOf(host: EmulatedHost): number {
  return readdirSync(`${host.root}/proc/${processId(host)}/task`).length;
}

/** The most threads that vgpud has until that has settled, as often as one can look. */
export async function mostThreads(host: EmulatedHost, end: Promise<unknown>): Promise<number> {
  const over = end.then(
    () => true,
    () => true,
  );
  let most = 0;
  do most = Math.max(most, threadsOf(host));
  while (!(await Promise.race([over, delay(2, false)])));
  return most;
}

/** Pings vgpud and reads a property, over and over, until it is asked for the longest and the usual time, in ms. */
export class SecondClient implements Disposable {
  readonly #bus: dbus.MessageBus;
  readonly #times: number[] = [];
  #over = false;
  readonly #done: Promise<void>;

  constructor(host: EmulatedHost) {
    this.#bus = dbus.sessionBus({ busAddress: host.systemBusAddress });
    this.#done = this.#run();
  }

  async times(): Promise<{ readonly longestMs: number; readonly medianMs: number; readonly count: number }> {
    this.#over = true;
    await this.#done;
    const sorted = this.#times.toSorted((a, b) => a - b);
    const count = sorted.length;
    return { longestMs: sorted.at(-1) ?? Infinity, medianMs: sorted[Math.floor(count / 2)] ?? Infinity, count };
  }

  async #run(): Promise<void> {
    const ask = { destination: busName, path: managerPath };
    const ping = { ...ask, interface: 'org.freedesktop.DBus.Peer', member: 'Ping' };
    const get = { ...ask, interface: 'org.freedesktop.DBus.Properties', member: 'Get', signature: 'ss' };
    while (!this.#over) {
      const start = performance.now();
      await this.#bus.call(new dbus.Message(ping));
      await this.#bus.call(new dbus.Message({ ...get, body: [interfaces.manager, 'Connected'] }));
      this.#times.push(performance.now() - start);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  [Symbol.dispose](): void {
    this.#over = true;
    this.#bus.disconnect();
  }
}

const standard: readonly (readonly [string, string, string])[] = [
  ['Peer', 'Ping', ''],
  ['Peer', 'GetMachineId', ''],
  ['Introspectable', 'Introspect', ''],
  ['ObjectManager', 'GetManagedObjects', ''],
  ['Properties', 'Get', 'ss'],
  ['Properties', 'GetAll', 's'],
  ['Properties', 'Set', 'ssv'],
];

/** What fuzz.py makes its messages of: every method, where it is, and every object. */
export function fuzzMaterial(mirror: ObjectMirror): string {
  const objects = [...mirror.objects];
  const paths = ['/', '/me/phyllo/Vgpu1', ...objects.map(([path]) => path)];
  const contracts: Readonly<Record<string, ContractInterface>> = contract;
  const own = Object.entries(contracts).flatMap(([name, { methods }]) =>
    Object.entries(methods).map(([member, spec]) => ({
      interface: name,
      member,
      signature: spec.in.map((arg) => arg.type).join(''),
      options: Object.entries(spec.options),
      paths: objects.flatMap(([path, served]) => (Object.hasOwn(served, name) ? [path] : [])),
    })),
  );
  const others = standard.map(([name, member, signature]) => {
    return { interface: `org.freedesktop.DBus.${name}`, member, signature, options: [], paths };
  });
  return JSON.stringify({ methods: [...own, ...others], paths });
}
