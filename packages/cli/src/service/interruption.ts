// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '@vgpu/core';
import { setTimeout as delay } from 'node:timers/promises';

/** A change that is not there yet to be cancelled is looked for again. */
const retryMs = 100;

/** Ctrl+C came during a change; the message says what became of it. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
}

/** Calls back at the next Ctrl+C, which then does not end the process. @returns a function that ends that */
export type WatchInterrupt = (onInterrupt: () => void) => () => void;

/** A second Ctrl+C ends the process as ever. */
export const watchSigint: WatchInterrupt = (onInterrupt) => {
  process.once('SIGINT', onInterrupt);
  return () => void process.off('SIGINT', onInterrupt);
};

/** What Ctrl+C during a change does. */
export interface Interruptible<T> {
  /** @param refuse throws when Ctrl+C has come, for use before the change is asked for (again) */
  change(refuse: () => void): Promise<T>;
  /** Cancels it; false while there is nothing to cancel. It must not reject. */
  cancel(): Promise<boolean>;
}

/**
 * Makes the change; at Ctrl+C cancels it and waits for what becomes of it.
 * @throws InterruptedError after Ctrl+C, whatever became of it; otherwise what the change throws
 */
export async function runInterruptible<T>({ change, cancel }: Interruptible<T>, watch: WatchInterrupt): Promise<T> {
  let interrupted = false;
  const over = new AbortController();
  const cancelUntilDone = async (): Promise<void> => {
    while (!over.signal.aborted && !(await cancel())) await delay(retryMs);
  };
  const unwatch = watch(() => {
    interrupted = true;
    void cancelUntilDone();
  });
  const refuse = (): void => {
    if (interrupted) throw new InterruptedError(nothingChanged);
  };
  try {
    const result = await change(refuse);
    if (interrupted) throw new InterruptedError('interrupted too late: the change is made');
    return result;
  } catch (error) {
    throw interrupted ? toInterrupted(error) : error;
  } finally {
    over.abort();
    unwatch();
  }
}

const nothingChanged = 'interrupted: nothing is changed';

function toInterrupted(error: unknown): InterruptedError {
  if (error instanceof InterruptedError) return error;
  // polkit's agent in this terminal ends with the same Ctrl+C: nobody answers then.
  const undone = error instanceof DeviceError && (error.code === 'RolledBack' || error.code === 'NotAuthorized');
  const message = error instanceof Error ? error.message : String(error);
  return new InterruptedError(undone ? nothingChanged : `interrupted: ${message}`, { cause: error });
}
