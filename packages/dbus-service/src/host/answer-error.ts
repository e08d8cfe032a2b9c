// SPDX-License-Identifier: LGPL-2.1-or-later
import { cleanDisplayText, DeviceError } from '@vgpu/core';
import { formatErrorName } from '../protocol/names.js';
import type { Log } from '../log.js';
import { BusError } from './bus-error.js';
import type { ErrorAnswer } from './messages.js';

const maxMessageLength = 1000;

/** What a caller sees of an error: only mapped ones have a text of their own; stacks and causes stay in the log. */
export function toErrorAnswer(error: unknown, log: Log): ErrorAnswer {
  if (error instanceof BusError) return { errorName: error.errorName, message: shown(error.message) };
  if (error instanceof DeviceError && error.code !== 'Internal') {
    if (error.cause !== undefined) log.error(error.message, error.cause);
    return { errorName: formatErrorName(error.code), message: shown(error.message) };
  }
  log.error('internal error', error);
  return {
    errorName: formatErrorName('Internal'),
    message: 'something failed that has no name here; the log of vgpud says what (journalctl -u vgpud)',
  };
}

function shown(message: string): string {
  return cleanDisplayText(message, maxMessageLength);
}
