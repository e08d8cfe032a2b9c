// SPDX-License-Identifier: LGPL-2.1-or-later

/** Three digits, milliseconds, or microseconds below one. */
export function inMs(ns: number): string {
  return ns < 1e6 ? `${threeDigits(ns / 1e3)} µs` : `${threeDigits(ns / 1e6)} ms`;
}

export function threeDigits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
