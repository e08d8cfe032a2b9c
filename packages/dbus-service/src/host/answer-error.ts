// SPDX-License-Identifier: LGPL-2.1-or-later
import { randomBytes } from 'node:crypto';
import { cleanDisplayText, DeviceError } from '@vgpu/core';
import { FailedStepError } from '../methods/failed-step.js';
import { formatErrorName } from '../protocol/names.js';
import type { Log } from '../log.js';
import { BusError } from './bus-error.js';
import { isAboutGoneCaller, type ErrorAnswer } from './messages.js';

const maxMessageLength = 1000;

const answers = new WeakMap<object, ErrorAnswer>();

/**
 * What a caller sees of an error: only mapped ones have a text of their own; stacks and causes stay in the log, once for
 * however many get the same error.
 */
export function toErrorAnswer(error: unknown, log: Pick<Log, 'error'>): ErrorAnswer {
  if (typeof error !== 'object' || error === null) return makeAnswer(error, log);
  const known = answers.get(error);
  if (known !== undefined) return known;
  const answer = makeAnswer(error, log);
  answers.set(error, answer);
  return answer;
}

function makeAnswer(error: unknown, log: Pick<Log, 'error'>): ErrorAnswer {
  if (error instanceof BusError) return { errorName: error.errorName, message: shown(error.message) };
  if (error instanceof FailedStepError) {
    const id = newLogId();
    log.error(`[${id}] ${error.message}`, error.cause);
    return { errorName: formatErrorName(error.code), message: shown(`${error.message}; ${seeLog('why', id)}`) };
  }
  if (error instanceof DeviceError && error.code !== 'Internal') {
    const cause = unnamedCause(error);
    if (cause !== undefined && !isAboutGoneCaller(cause)) log.error(error.message, cause);
    return { errorName: formatErrorName(error.code), message: shown(error.message) };
  }
  const id = newLogId();
  log.error(`[${id}] internal error`, error);
  const message = `something failed that has no name here; ${seeLog('what', id)}`;
  return { errorName: formatErrorName('Internal'), message };
}

/** What the answer does not say already: callers provoke errors that we name ourselves as often as they like. */
function unnamedCause({ cause }: DeviceError): unknown {
  return cause instanceof DeviceError && cause.code !== 'Internal' ? unnamedCause(cause) : cause;
}

/** Long enough to find one line among those of some days. */
function newLogId(): string {
  return randomBytes(2).toString('hex');
}

function seeLog(what: 'what' | 'why', id: string): string {
  return `the log of vgpud says ${what} at [${id}]`;
}

function shown(message: string): string {
  return cleanDisplayText(message, maxMessageLength);
}
