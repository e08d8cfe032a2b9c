// SPDX-License-Identifier: LGPL-2.1-or-later
import type { BenchmarkHost } from './host.js';
import { compare, type Comparison, type Figure, type Results } from './results.js';
import { alternate, repeat, repetitions } from './rounds.js';
import { spreadOf } from './statistics.js';
import { inMs } from './units.js';

/** Smaller hosts are dominated by what does not grow. */
const targetFromDevices = 1000;
const everythingTarget = { atMost: 1 / 5, words: 'at least 5 times as fast' };
/** libvirt lists these two, and no port asks for them. */
const notAsked = 2;

interface Reading {
  readonly ns: number;
  readonly repeatedNs: number;
  readonly documents: number;
}

/**
 * Everything about every device, read into the language's own values. libvirt-dbus has no state of a device, so that
 * its client gets less.
 */
export async function measureEverything({ devices, binding, bus }: BenchmarkHost, rounds: number): Promise<Results> {
  await bus.ask('startLibvirtDbus');
  const repeated: number[] = [];
  const inventories: number[] = [];
  const operations = repetitions(devices);
  const times = await alternate(rounds, {
    ours: repeat(operations, async () => {
      const reading = await binding.ask<Reading>('listNodeDevices');
      if (reading.documents !== devices - notAsked) throw new Error(`${reading.documents} of ${devices} were listed`);
      repeated.push(reading.repeatedNs);
      return reading.ns;
    }),
    inventory: async () => {
      const reading = await binding.ask<Reading>('readInventory');
      inventories.push(reading.repeatedNs);
      return reading.ns;
    },
    inTurn: repeat(operations, async () => (await bus.ask<Reading>('readLibvirtDbusInTurn')).ns),
    atOnce: repeat(operations, async () => (await bus.ask<Reading>('readLibvirtDbusAtOnce')).ns),
  });
  const what = "everything about every device: the adapter's list, parsed, the first time";
  const ours = {
    devices,
    what,
    ours: times.ours,
    operations,
    ...(devices >= targetFromDevices ? { target: everythingTarget } : {}),
  };
  const comparisons: Comparison[] = [
    compare({ ...ours, peer: 'libvirt-dbus, call by call', peers: times.inTurn }),
    compare({ ...ours, peer: 'libvirt-dbus, 64 calls in flight', peers: times.atOnce }),
  ];
  const inventory = spreadOf(times.inventory).median;
  const figures: Figure[] = [
    { devices, what: "the adapter's list, the second time", value: inMs(spreadOf(repeated).median) },
    { devices, what: 'the whole inventory with facts from /sys, the first time', value: inMs(inventory) },
    { devices, what: 'the whole inventory, the second time', value: inMs(spreadOf(inventories).median) },
  ];
  return { comparisons, figures };
}
