// SPDX-License-Identifier: LGPL-2.1-or-later

/** Several measurements of one thing. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** Throws RangeError without any value. */
export function spreadOf(values: readonly number[]): Spread {
  return { median: quantile(values, 0.5), least: quantile(values, 0), most: quantile(values, 1) };
}

/** The value below which this share of the values is, interpolated. Throws RangeError without any value. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const position = share * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(position)], sorted[Math.ceil(position)]];
  if (below === undefined || above === undefined) throw new RangeError('there is nothing to take a quantile of');
  return below + (above - below) * (position - Math.floor(position));
}

/** Round by round, so that what slows a whole round down is in both. */
export function ratiosOf(ours: readonly number[], peers: readonly number[]): number[] {
  return ours.map((value, round) => value / (peers[round] ?? Number.NaN));
}
