// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError, type EventPort } from '@vgpu/core';

const firstPauseMs = 5;
const longestPauseMs = 250;

export interface WaitOptions {
  /** What ends a pause early. */
  readonly events: Pick<EventPort, 'onChange'>;
  /** The end of the sentence when the time is over: `vGPU 7686… did not become active`. */
  readonly timedOut: string;
  readonly timeoutMs: number;
}

/**
 * Settles when the condition holds. It is looked at once at the start, after every event, and at least every quarter
 * of a second; while libvirt is away that counts as not yet.
 * @throws DeviceError TimedOut
 */
export async function waitUntil(condition: () => Promise<boolean>, options: WaitOptions): Promise<void> {
  const { events, timedOut, timeoutMs } = options;
  const deadline = performance.now() + timeoutMs;
  const pause = new Pause();
  // Before looking: what changes while the condition is looked at ends the next pause at once.
  const unsubscribe = events.onChange(() => pause.end());
  try {
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      // A look may take as long as libvirt likes: a device that mdevctl is busy with cannot be read.
      const look = await settledWithin(holds(condition), deadline - performance.now());
      if (look === true) return;
      if (performance.now() >= deadline) throw new DeviceError('TimedOut', `${timedOut} within ${timeoutMs / 1000} s`);
      await pause.begin(pauseMs);
    }
  } finally {
    unsubscribe();
    pause.end();
  }
}

/**
 * The call's result. A call that takes longer cannot be called back: it goes on, and what it does is not known.
 * @param what the object and what was asked: `vGPU 7686… could not be stopped`
 * @throws DeviceError TimedOut
 */
export async function within<T>(call: Promise<T>, timeoutMs: number, what: string): Promise<T> {
  const result = await settledWithin(call, timeoutMs);
  if (result === tooLate)
    throw new DeviceError('TimedOut', `${what} within ${timeoutMs / 1000} s, the outcome is unknown`);
  return result;
}

/**
 * The same for a call that only reads.
 * @throws DeviceError Unavailable
 */
export async function readWithin<T>(call: Promise<T>, timeoutMs: number, what: string): Promise<T> {
  const result = await settledWithin(call, timeoutMs);
  if (result === tooLate) throw new DeviceError('Unavailable', `${what}: libvirt does not answer`);
  return result;
}

/** What `settledWithin` gives when the time is over. */
export const tooLate = Symbol('too late');

/** The call's result, or `tooLate`; the call goes on then. */
export async function settledWithin<T>(call: Promise<T>, ms: number): Promise<T | typeof tooLate> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<typeof tooLate>((resolve) => {
    timer = setTimeout(() => resolve(tooLate), Math.max(ms, 0));
  });
  try {
    return await Promise.race([call, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** A pause that something can end early, also before it begins. */
class Pause {
  #ended = false;
  #wake: (() => void) | undefined;

  async begin(ms: number): Promise<void> {
    if (!this.#ended) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#ended = false;
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }
}

async function holds(condition: () => Promise<boolean>): Promise<boolean> {
  try {
    return await condition();
  } catch (error) {
    if (error instanceof DeviceError && error.code === 'Unavailable') return false;
    throw error;
  }
}
