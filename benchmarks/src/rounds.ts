// SPDX-License-Identifier: LGPL-2.1-or-later

/** Measures once and gives nanoseconds. */
export type Contestant = () => Promise<number>;

/**
 * Lets all contestants run once a round, each round beginning with another one. A round before the first warms up and
 * does not count. Gives each one's nanoseconds, round by round.
 */
export async function alternate<Name extends string>(
  rounds: number,
  contestants: Readonly<Record<Name, Contestant>>,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(contestants) as Name[];
  const times = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = -1; round < rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(turn + round + names.length) % names.length];
      if (name === undefined) continue;
      const ns = await contestants[name]();
      if (round >= 0) times[name].push(ns);
    }
  }
  return times;
}

/** A contestant that does it several times, because once is over before the machine's noise has evened out. */
export function repeat(times: number, contestant: Contestant): Contestant {
  return async () => {
    let sum = 0;
    for (let time = 0; time < times; time++) sum += await contestant();
    return sum;
  };
}

/** How often to read a host of so many devices in one turn. */
export function repetitions(devices: number): number {
  return Math.ceil(300 / devices);
}
