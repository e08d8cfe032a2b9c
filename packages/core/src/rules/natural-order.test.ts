// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { compareNaturally } from './natural-order.js';

const texts = [
  '',
  'a',
  'V5_1',
  'V5_2',
  'V5_10',
  'V5_02',
  'V5_',
  '0000:00:02.0',
  '0000:3b:00.4',
  'mtty',
  '12345678901234567890123',
  '12345678901234567890124',
  'nvidia-63',
  'nvidia-105',
  'a1b2',
  'a1b10',
  'ä',
  '1',
  '01',
  'a1',
  'a01',
];

describe('compareNaturally', () => {
  it('counts runs of digits', () => {
    expect(['nvidia-105', 'nvidia-63', 'nvidia-9'].toSorted(compareNaturally)).toEqual([
      'nvidia-9',
      'nvidia-63',
      'nvidia-105',
    ]);
    expect(['V5_8', 'V5_10', 'V5_4', 'V5_2', 'V5_1'].toSorted(compareNaturally)).toEqual([
      'V5_1',
      'V5_2',
      'V5_4',
      'V5_8',
      'V5_10',
    ]);
  });

  it('puts a number before a letter, however long it is', () => {
    expect(['b', '10', 'a', '9'].toSorted(compareNaturally)).toEqual(['9', '10', 'a', 'b']);
  });

  it('keeps digits that no number holds', () => {
    expect(compareNaturally('12345678901234567890123', '12345678901234567890124')).toBeLessThan(0);
  });

  it('is 0 only for equal texts, and opposite when turned round', () => {
    for (const a of texts) {
      for (const b of texts) {
        expect(compareNaturally(a, b) === 0).toBe(a === b);
        expect(Math.sign(compareNaturally(a, b)) + Math.sign(compareNaturally(b, a))).toBe(0);
      }
    }
  });

  it('is transitive', () => {
    const wrong = texts.flatMap((a) =>
      texts.flatMap((b) =>
        texts.filter((c) => compareNaturally(a, b) < 0 && compareNaturally(b, c) < 0 && compareNaturally(a, c) >= 0),
      ),
    );
    expect(wrong).toEqual([]);
  });
});
