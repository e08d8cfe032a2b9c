// SPDX-License-Identifier: LGPL-2.1-or-later
import type { BenchmarkHost } from './host.js';
import { measureBlocking } from './measure-blocking.js';
import { compare, type Comparison, type Results } from './results.js';
import { alternate, repeat, repetitions, type Contestant } from './rounds.js';
import type { Worker } from './worker.js';

const callsOfRound = 200;
const virshSample = 10;

const callTarget = { atMost: 1.4, words: 'at most 1.4 times its time' };
const readTarget = { atMost: 1, words: 'at least as fast' };

/** The binding: single calls and whole listings beside python3-libvirt and virsh, and what a silent daemon holds up. */
export async function measureLibvirt(host: BenchmarkHost, rounds: number): Promise<Results> {
  const comparisons = [...(await measureCalls(host, rounds)), ...(await measureReading(host, rounds))];
  return { comparisons, figures: [await measureBlocking(host)] };
}

/** A vGPU's document comes from libvirtd's memory, a PCI device's also from /sys: the first shows more of the client. */
async function measureCalls(host: BenchmarkHost, rounds: number): Promise<Comparison[]> {
  const { devices, binding, libvirt, libvirtWithEvents } = host;
  const asked = { names: repeated(host.names.filter((name) => name.startsWith('mdev_'))) };
  for (const worker of [binding, libvirt, libvirtWithEvents]) await worker.ask('prepare', asked);
  const calls = {
    lookUpAndAskActive: 'look up a vGPU and ask whether it is active, awaited',
    readXml: "a vGPU's XML, awaited",
  };
  const comparisons: Comparison[] = [];
  for (const [op, what] of Object.entries(calls)) {
    const parameters = op === 'readXml' ? {} : asked;
    const { ours, plain, withEvents } = await alternate(rounds, {
      ours: () => binding.ask(op, parameters),
      plain: () => libvirt.ask(op, parameters),
      withEvents: () => libvirtWithEvents.ask(op, parameters),
    });
    const common = { devices, what, ours, operations: callsOfRound, target: callTarget };
    comparisons.push(compare({ ...common, peer: 'python3-libvirt, a plain script', peers: plain }));
    comparisons.push(compare({ ...common, peer: 'python3-libvirt with its event loop', peers: withEvents }));
  }
  return comparisons;
}

async function measureReading(
  { devices, names, binding, libvirt, libvirtWithEvents }: BenchmarkHost,
  rounds: number,
): Promise<Comparison[]> {
  const operations = repetitions(devices);
  const readAll = (worker: Worker, op: string, parameters: object = {}): Contestant =>
    repeat(operations, async () => {
      const { ns, documents } = await worker.ask<{ ns: number; documents: number }>(op, parameters);
      if (documents !== devices) throw new Error(`${op} read ${documents} of ${devices} node devices`);
      return ns;
    });
  const sample = repeated(names).filter((_, index) => index % (callsOfRound / virshSample) === 0);
  const xml = await alternate(rounds, {
    batch: readAll(binding, 'readAllXmlBatched', { connections: 1 }),
    twoBatches: readAll(binding, 'readAllXmlBatched', { connections: 2 }),
    one: readAll(binding, 'readAllXml', { connections: 1 }),
    two: readAll(binding, 'readAllXml', { connections: 2 }),
    four: readAll(binding, 'readAllXml', { connections: 4 }),
    python: readAll(libvirt, 'readAllXml'),
    withEvents: readAll(libvirtWithEvents, 'readAllXml'),
    virsh: () => libvirt.ask('runVirsh', { names: sample }),
  });
  const records = await alternate(rounds, {
    ours: readAll(binding, 'readAllRecords'),
    peers: readAll(libvirt, 'readAllRecords'),
  });
  const python = { devices, peer: 'python3-libvirt, a loop', peers: xml.python, operations };
  const asFast = { ...python, target: readTarget };
  const oneHop = { ...asFast, what: 'every XML, one hop to one connection', ours: xml.batch };
  return [
    compare(oneHop),
    compare({ ...oneHop, peer: 'python3-libvirt with its event loop, a loop', peers: xml.withEvents }),
    compare({ ...asFast, what: 'every XML, one hop to each of 2 connections', ours: xml.twoBatches }),
    compare({ ...python, what: 'every XML, a call for each, one connection', ours: xml.one }),
    compare({ ...asFast, what: 'every XML, a call for each, 2 connections', ours: xml.two }),
    compare({ ...asFast, what: 'every XML, a call for each, 4 connections', ours: xml.four }),
    compare({ ...asFast, ...records, what: 'every XML, parent and state, one hop to one connection' }),
    compare({
      devices,
      what: 'every XML, a call for each, one connection, for each device',
      peer: `virsh for each device, ${virshSample} of them`,
      ours: xml.one,
      operations: operations * devices,
      peers: xml.virsh,
      peerOperations: virshSample,
    }),
  ];
}

/** As many names as a round has calls, spread over all. */
function repeated(names: readonly string[]): string[] {
  return Array.from({ length: callsOfRound }, (_, index) => {
    const at = names.length > callsOfRound ? Math.floor((index * names.length) / callsOfRound) : index % names.length;
    return names[at] ?? '';
  });
}
