// SPDX-License-Identifier: LGPL-2.1-or-later
import { ratiosOf, spreadOf, type Spread } from './statistics.js';

/** What a ratio shall be: our time by the peer's. */
export interface Target {
  readonly atMost: number;
  /** As it was set: "at least 5 times as fast". */
  readonly words: string;
}

/** Our time beside a peer's, measured in the same rounds. */
export interface Comparison {
  readonly devices: number;
  readonly what: string;
  readonly peer: string;
  /** Our time by the peer's: below 1 we are faster. */
  readonly ratio: Spread;
  /** Nanoseconds for one operation, as context. */
  readonly oursNs: number;
  readonly peerNs: number;
  readonly target: Target | undefined;
}

/** A figure without a peer. */
export interface Figure {
  readonly devices: number;
  readonly what: string;
  readonly value: string;
}

export interface Results {
  readonly comparisons: readonly Comparison[];
  readonly figures: readonly Figure[];
}

export interface Compared {
  readonly devices: number;
  readonly what: string;
  readonly peer: string;
  /** Nanoseconds of each round. */
  readonly ours: readonly number[];
  readonly peers: readonly number[];
  /** How many operations a round has; absent: one. */
  readonly operations?: number;
  /** As `operations`, for the peer where it does fewer, such as a sample. */
  readonly peerOperations?: number;
  readonly target?: Target;
}

export function compare(compared: Compared): Comparison {
  const { devices, what, peer, target, operations = 1, peerOperations = operations } = compared;
  const ours = compared.ours.map((ns) => ns / operations);
  const peers = compared.peers.map((ns) => ns / peerOperations);
  return {
    devices,
    what,
    peer,
    ratio: spreadOf(ratiosOf(ours, peers)),
    oursNs: spreadOf(ours).median,
    peerNs: spreadOf(peers).median,
    target,
  };
}

export function holds({ ratio, target }: Comparison): boolean | undefined {
  return target === undefined ? undefined : ratio.median <= target.atMost;
}
