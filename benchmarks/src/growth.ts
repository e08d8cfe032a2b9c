// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Comparison, Figure } from './results.js';

const base = 100;
/** A device of a large host may cost this many times one of a small host. */
const growthAtMost = 1.5;

/** How the time for one device grows with their number, for each listing measured at 100 devices and at more. */
export function describeGrowth(comparisons: readonly Comparison[]): Figure[] {
  const listings = comparisons.filter(({ what }) => what.startsWith('every') && !what.endsWith('for each device'));
  const seen = new Set<string>();
  return listings.flatMap((large) => {
    const small = listings.find((each) => each.what === large.what && each.devices === base);
    const key = `${large.what} ${large.devices}`;
    if (small === undefined || large.devices <= base || seen.has(key)) return [];
    seen.add(key);
    const ours = large.oursNs / large.devices / (small.oursNs / small.devices);
    const peers = large.peerNs / large.devices / (small.peerNs / small.devices);
    const verdict = ours <= growthAtMost ? 'linear' : 'NOT linear';
    return [
      {
        devices: large.devices,
        what: `growth: time for one device, by that at ${base}; ${large.what}`,
        value: `${ours.toFixed(2)}, the peer's ${peers.toFixed(2)}: ${verdict}`,
      },
    ];
  });
}
