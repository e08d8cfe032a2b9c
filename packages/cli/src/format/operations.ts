// SPDX-License-Identifier: LGPL-2.1-or-later
import { formatJson, plain } from './escape.js';
import { formatTable } from './table.js';

export interface ListedOperation {
  readonly id: string;
  /** The method: `Domain.AssignVgpu`. */
  readonly kind: string;
  /** What it was called on, in the words of the other commands. */
  readonly target: string;
  readonly callerUid: number;
  readonly state: string;
  /** Why it failed; empty otherwise. */
  readonly error: string;
  /** Microseconds since 1970. */
  readonly startedUsec: bigint;
}

/** A table, oldest first. */
export function formatOperations(operations: readonly ListedOperation[]): string {
  const rows = sorted(operations).map(({ id, kind, target, state }) => [id, kind, target, state].map(plain));
  return formatTable([['ID', 'KIND', 'TARGET', 'STATE'], ...rows]);
}

export function formatOperationsJson(operations: readonly ListedOperation[]): string {
  const value = sorted(operations).map(({ id, kind, target, callerUid, state, error, startedUsec }) => ({
    id,
    kind,
    target,
    caller_uid: callerUid,
    state,
    error: error || null,
    started: new Date(Number(startedUsec / 1000n)).toISOString(),
  }));
  return `${formatJson(value)}\n`;
}

function sorted(operations: readonly ListedOperation[]): ListedOperation[] {
  return operations.toSorted((a, b) => Number(a.startedUsec - b.startedUsec));
}
