// SPDX-License-Identifier: LGPL-2.1-or-later
import { setTimeout as delay } from 'node:timers/promises';
import { spareUuid } from './generate-host.js';
import type { BenchmarkHost } from './host.js';
import { compare, type Comparison, type Figure, type Results } from './results.js';
import { alternate, repeat, repetitions } from './rounds.js';
import { quantile, spreadOf } from './statistics.js';
import { inMs } from './units.js';

const targetFromDevices = 1000;
const everythingTarget = { atMost: 1 / 5, words: 'at least 5 times as fast' };
/** Between two changes, so that one does not wait for the reading of the one before; at least, and times its latency. */
const pauseMs = 250;
const pauseLatencies = 1;
const clientCounts = [1, 10, 100];
const loadSeconds = 3;
const pings = 200;

interface Memory {
  readonly residentKiB: number;
  readonly peakKiB: number;
}

interface Start {
  readonly ownedNs: number;
  readonly answeredNs: number;
  readonly memory: Memory;
}

interface Answer {
  readonly ns: number;
  readonly objects: number;
  readonly bytes: number;
}

/** vgpud as its clients see it. libvirt-dbus must run already. */
export async function measureService(host: BenchmarkHost, rounds: number, changes: number): Promise<Results> {
  const { devices, bus, load } = host;
  const activationNs: number[] = [];
  for (let round = 0; round < rounds; round += 1) activationNs.push(await load.ask<number>('activate'));
  const start = await bus.ask<Start>('startVgpud');
  const answers: Answer[] = [];
  const operations = repetitions(devices);
  const times = await alternate(rounds, {
    reply: async () => {
      const answer = await bus.ask<Answer>('getManagedObjects');
      answers.push(answer);
      return answer.ns;
    },
    values: repeat(operations, async () => (await bus.ask<Answer>('readVgpud')).ns),
    peers: repeat(operations, async () => (await bus.ask<Answer>('readLibvirtDbusAtOnce')).ns),
  });
  const comparisons: Comparison[] = [
    compare({
      devices,
      what: 'everything about every device over D-Bus: GetManagedObjects of vgpud, unpacked by Python',
      peer: 'libvirt-dbus, 64 calls in flight',
      ours: times.values,
      peers: times.peers,
      operations,
      ...(devices >= targetFromDevices ? { target: everythingTarget } : {}),
    }),
  ];
  const last = answers.at(-1);
  const size = `${last?.objects} objects, ${((last?.bytes ?? 0) / 1e6).toFixed(2)} MB`;
  const figures: Figure[] = [
    {
      devices,
      what: 'vgpud: a call that starts it, to its answer',
      value: formatSpread(activationNs),
    },
    { devices, what: 'vgpud: start to first GetManagedObjects answer', value: inMs(start.answeredNs) },
    {
      devices,
      what: 'vgpud: GetManagedObjects, reply not unpacked',
      value: `${inMs(spreadOf(times.reply).median)} (${size})`,
    },
    ...(await measureLoad(host, last?.objects ?? 0)),
    ...(await measureEvents(host, changes)),
    {
      devices,
      what: 'vgpud: memory, resident after the start, and the most at the end',
      value: inMiB(start.memory, await bus.ask('memory')),
    },
  ];
  await bus.ask('stopVgpud');
  return { comparisons, figures };
}

/** How many calls it answers, and how long the others wait while one client asks for everything. */
async function measureLoad({ devices, load }: BenchmarkHost, objects: number): Promise<Figure[]> {
  const rates: string[] = [];
  for (const clients of clientCounts) {
    const rate = await load.ask<number>('callsPerSecond', { clients, seconds: loadSeconds });
    rates.push(`${Math.round(rate)} with ${clients}`);
  }
  const waits = await load.ask<number[]>('pingWhileListing', { pings });
  const at = (share: number): string => inMs(quantile(waits, share));
  return [
    { devices, what: 'vgpud: Properties.Get a second, by clients at once', value: rates.join(', ') },
    {
      devices,
      what: `vgpud: Ping while another client lists ${objects} objects over and over`,
      value: `p50 ${at(0.5)}, p99 ${at(0.99)}, most ${at(1)}`,
    },
  ];
}

/** From the moment another client of libvirt has its event until a client of vgpud has the signal; one clock. */
async function measureEvents(host: BenchmarkHost, changes: number): Promise<Figure[]> {
  const { devices, libvirtWithEvents: libvirt, bus, parent, typeId } = host;
  await host.allowChanges();
  await libvirt.ask('watch');
  await bus.ask('watch');
  const latencies: number[] = [];
  const follow = async (event: string, signal: string, uuid: string): Promise<void> => {
    const [told, signalled] = await Promise.all([
      libvirt.ask<number>('waitForEvent', { event, uuid }),
      bus.ask<number>('waitForSignal', { signal, uuid }),
    ]);
    latencies.push(signalled - told);
    await delay(Math.max(pauseMs, (pauseLatencies * (signalled - told)) / 1e6));
  };
  for (let change = 0; change < changes; change += 2) {
    const uuid = spareUuid(change);
    await libvirt.ask('createVgpus', { vgpus: [[uuid, parent, typeId]] });
    await follow('created', 'InterfacesAdded', uuid);
    await libvirt.ask('removeVgpu', { uuid });
    await follow('deleted', 'InterfacesRemoved', uuid);
  }
  const at = (share: number): string => inMs(quantile(latencies, share));
  return [
    {
      devices,
      what: `vgpud: from libvirt's event to its signal, ${latencies.length} changes`,
      value: `p50 ${at(0.5)}, p99 ${at(0.99)}, most ${at(1)}`,
    },
  ];
}

function formatSpread(values: readonly number[]): string {
  const { median, least, most } = spreadOf(values);
  return `${inMs(median)} (${inMs(least)} to ${inMs(most)})`;
}

function inMiB(start: Memory, end: Memory): string {
  return `${(start.residentKiB / 1024).toFixed(0)} MiB, ${(end.peakKiB / 1024).toFixed(0)} MiB`;
}
