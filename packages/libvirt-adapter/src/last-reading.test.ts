// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, it } from 'vitest';
import { LastReading } from './last-reading.js';

it('reads a document once while it is in every listing', () => {
  const read: string[] = [];
  const reading = new LastReading((xml) => {
    read.push(xml);
    return xml === 'c' ? undefined : xml.toUpperCase();
  });
  expect(reading.readAll(['a', 'b', 'c'])).toEqual(['A', 'B', undefined]);
  expect(reading.readAll(['c', 'b', 'd', 'd'])).toEqual([undefined, 'B', 'D', 'D']);
  expect(read).toEqual(['a', 'b', 'c', 'd']);
  expect(reading.readAll(['a'])).toEqual(['A']);
  expect(read).toEqual(['a', 'b', 'c', 'd', 'a']);
});
