// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads packages/core/src/errors.ts: each code of a DeviceError with the line before it, which says what it means.
import { readFileSync } from 'node:fs';

/** What a client does about it. */
const whatToDo = {
  Internal: 'look at the line of the service’s log that has the id in the message, and report it',
  InvalidArgument: 'correct the call; the same one will never work',
  NotSupported: 'do without it on this host',
  NotAuthorized: 'allow a dialog, or ask the administrator for a grant of the action in the message',
  Unavailable: 'try again when `Manager.Connected` is true and the service runs',
  NotFound: 'look at the objects again; what was named may be gone',
  AlreadyExists: 'use what is there, or choose another UUID or operation_id',
  NoAvailableInstances: 'take another type or parent, or stop a vGPU that takes up its memory',
  DeviceBusy: 'stop the virtual machine that has it, or take the vGPU out of its definition',
  NotAssignable: 'take another device, or one whose group is free',
  InvalidState: 'look at the object’s properties again; the message says which state it is in',
  TimedOut: 'look at the objects before you call again, it may have been done',
  Ambiguous: 'undefine the vGPUs of that UUID but one',
  RolledBack: 'nothing is left of it; call again when the reason in the message is gone',
};

/** @returns code, meaning and advice of each, in the file's order. @throws Error where one has not all of these */
export function readErrors(path) {
  const [, table = ''] = /exitStatusByErrorCode = \{\n([^]*?)\} as const;/.exec(readFileSync(path, 'utf8')) ?? [];
  const codes = [...table.matchAll(/^ {2}(\w+): \d+,$/gm)].map(([, code]) => code);
  const explained = [...table.matchAll(/\/\*\* (.+) \*\/\n {2}(\w+): \d+,$/gm)];
  const meanings = Object.fromEntries(explained.map(([, meaning, code]) => [code, meaning]));
  const missing = codes.filter((code) => !meanings[code] || !whatToDo[code]);
  const unknown = Object.keys(whatToDo).filter((code) => !codes.includes(code));
  if (codes.length === 0 || missing.length + unknown.length > 0) {
    throw new Error(`errors without a meaning or advice: ${missing}; advice for no error: ${unknown}`);
  }
  return codes.map((code) => ({ code, meaning: meanings[code], advice: whatToDo[code] }));
}
