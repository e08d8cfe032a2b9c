// SPDX-License-Identifier: LGPL-2.1-or-later
import { isDeepStrictEqual } from 'node:util';

/** The list before, when both hold the same objects in the same order. */
export function unlessSame<T>(before: readonly T[], after: readonly T[]): readonly T[] {
  const isSame = before.length === after.length && before.every((item, index) => item === after[index]);
  return isSame ? before : after;
}

/** The value before, when both say the same. */
export function unlessEqual<T>(before: T, after: T): T {
  return isDeepStrictEqual(before, after) ? before : after;
}
