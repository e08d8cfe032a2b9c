// SPDX-License-Identifier: LGPL-2.1-or-later
import { settle } from './errors.js';
import { native } from './native.js';

/** The last argument of every method that returns a promise. */
export interface CallOptions {
  /**
   * Gives the call up: the promise rejects at once with the signal's reason. A call that did not begin is never made;
   * one in flight goes on in its thread, because libvirt cannot cancel it, and its result is dropped.
   */
  readonly signal?: AbortSignal | undefined;
}

export function signalOf(options: CallOptions | undefined): AbortSignal | undefined {
  const signal = options?.signal;
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw new TypeError('signal must be an AbortSignal');
  return signal;
}

interface Waiting {
  readonly callbacks: Set<() => void>;
  readonly listener: () => void;
}

const waitingFor = new WeakMap<AbortSignal, Waiting>();

/**
 * Calls back when the signal aborts, until the returned function is called. One listener serves all calls with the same
 * signal: Node warns of a leak when there are more than ten.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const waiting = waitingFor.get(signal) ?? listen(signal);
  waiting.callbacks.add(callback);
  return () => {
    if (!waiting.callbacks.delete(callback) || waiting.callbacks.size > 0 || waitingFor.get(signal) !== waiting) return;
    waitingFor.delete(signal);
    signal.removeEventListener('abort', waiting.listener);
  };
}

function listen(signal: AbortSignal): Waiting {
  const callbacks = new Set<() => void>();
  const listener = (): void => {
    waitingFor.delete(signal);
    for (const callback of callbacks) callback();
  };
  signal.addEventListener('abort', listener, { once: true });
  const waiting = { callbacks, listener };
  waitingFor.set(signal, waiting);
  return waiting;
}

/** Makes one native call. Its result; a native failure becomes an error whose stack names the awaiting caller. */
export async function request<T>(start: () => Promise<T>, options?: CallOptions): Promise<T> {
  const signal = signalOf(options);
  if (signal === undefined) return await settle(start());
  signal.throwIfAborted();
  const answer = start();
  const call = native.lastCall();
  let givenUp = false;
  const forget = onAbort(signal, () => {
    givenUp = native.giveUp(call, undefined);
  });
  try {
    return await settle(answer);
  } catch (error) {
    throw givenUp ? signal.reason : error;
  } finally {
    forget();
  }
}

/** The promise's outcome, unless the signal comes first; what the promise stands for goes on. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await promise;
  // Nobody else may be there to see it fail.
  promise.catch(() => {});
  signal.throwIfAborted();
  let forget: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    forget = onAbort(signal, () => reject(signal.reason as Error));
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    forget?.();
  }
}
