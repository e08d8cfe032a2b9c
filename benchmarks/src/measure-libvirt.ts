// SPDX-License-Identifier: LGPL-2.1-or-later
import type { BenchmarkHost } from './host.js';
import { compare, type Comparison } from './results.js';
import { alternate, repeat, repetitions, type Contestant } from './rounds.js';
import type { Worker } from './worker.js';

const callsOfRound = 200;
const virshSample = 10;

const callTarget = { atMost: 1.4, words: 'at most 1.4 times its time' };
const readTarget = { atMost: 1, words: 'at least as fast' };

/** Single calls and whole listings: the binding beside python3-libvirt and virsh. */
export async function measureLibvirt(host: BenchmarkHost, rounds: number): Promise<Comparison[]> {
  return [...(await measureCalls(host, rounds)), ...(await measureReading(host, rounds))];
}

/** A vGPU's document comes from libvirtd's memory, a PCI device's also from /sys: the first shows more of the client. */
async function measureCalls(
  { devices, names, binding, libvirt }: BenchmarkHost,
  rounds: number,
): Promise<Comparison[]> {
  const mdevs = repeated(names.filter((name) => name.startsWith('mdev_')));
  const asked = { names: mdevs };
  await Promise.all([binding.ask('prepare', asked), libvirt.ask('prepare', asked)]);
  const looked = await alternate(rounds, {
    ours: () => binding.ask('lookUpAndAskActive', asked),
    peers: () => libvirt.ask('lookUpAndAskActive', asked),
  });
  const read = await alternate(rounds, { ours: () => binding.ask('readXml'), peers: () => libvirt.ask('readXml') });
  const common = { devices, peer: 'python3-libvirt', operations: callsOfRound, target: callTarget };
  return [
    compare({ ...common, ...looked, what: 'look up a vGPU and ask whether it is active, awaited' }),
    compare({ ...common, ...read, what: "a vGPU's XML, awaited" }),
  ];
}

async function measureReading(
  { devices, names, binding, libvirt }: BenchmarkHost,
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
    one: readAll(binding, 'readAllXml', { connections: 1 }),
    two: readAll(binding, 'readAllXml', { connections: 2 }),
    four: readAll(binding, 'readAllXml', { connections: 4 }),
    python: readAll(libvirt, 'readAllXml'),
    virsh: () => libvirt.ask('runVirsh', { names: sample }),
  });
  const records = await alternate(rounds, {
    ours: readAll(binding, 'readAllRecords'),
    peers: readAll(libvirt, 'readAllRecords'),
  });
  const python = { devices, peer: 'python3-libvirt, a loop', peers: xml.python, operations, target: readTarget };
  return [
    compare({ ...python, what: 'every XML, one connection', ours: xml.one }),
    compare({ ...python, what: 'every XML, 2 connections', ours: xml.two }),
    compare({ ...python, what: 'every XML, 4 connections', ours: xml.four }),
    compare({ ...python, ...records, what: 'every XML, parent and state: listNodeDevicesWithXml' }),
    compare({
      devices,
      what: `every XML, one connection, for each device`,
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
