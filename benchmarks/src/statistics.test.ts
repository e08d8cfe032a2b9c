// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, test } from 'vitest';
import { quantile, ratiosOf, spreadOf } from './statistics.js';

test('a quantile lies between its neighbours', () => {
  expect(quantile([40, 10, 20, 30], 0.5)).toBe(25);
  expect(quantile([7], 0.99)).toBe(7);
  expect(() => quantile([], 0.5)).toThrow(RangeError);
});

test('a spread has the middle and both ends', () => {
  expect(spreadOf([3, 1, 2])).toEqual({ median: 2, least: 1, most: 3 });
});

test('ratios are taken within a round', () => {
  expect(ratiosOf([10, 100], [5, 50])).toEqual([2, 2]);
});
