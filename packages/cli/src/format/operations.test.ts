// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { readGolden } from '../testing/golden.js';
import { formatOperations, formatOperationsJson, type ListedOperation } from './operations.js';

const done: ListedOperation = {
  id: '7d4b1a52-58a5-4a1f-9c39-3f9a2f3c5d10',
  kind: 'Gpu.CreateVgpu',
  target: '0000:00:02.0',
  callerUid: 0,
  state: 'done',
  error: '',
  startedUsec: 1_700_000_000_000_001n,
};
const operations: readonly ListedOperation[] = [
  {
    ...done,
    id: 'mine',
    kind: 'Domain.Start',
    target: 'win\u202e11',
    callerUid: 1000,
    state: 'failed',
    error: 'win11 may not be changed\u001b',
    startedUsec: 1_700_000_001_000_000n,
  },
  done,
];

describe('formatOperations', () => {
  it('prints a table, oldest first', () => {
    const text = formatOperations(operations);
    expect(text).toBe(readGolden('operations', text));
  });

  it('prints only the heading when there are none', () => {
    expect(formatOperations([])).toBe('ID  KIND  TARGET  STATE\n');
  });

  it('prints JSON', () => {
    const text = formatOperationsJson(operations);
    expect(text).toBe(readGolden('operations-json', text));
  });
});
