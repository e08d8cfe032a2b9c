// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError, type EventPort } from '@vgpu/core';

/** How long a change may take until it can be read back; `mdevctl` itself is done within a second. */
export const settleTimeoutMs = 20_000;

const firstPauseMs = 5;
const longestPauseMs = 250;

export interface WaitOptions {
  /** What ends a pause early. */
  readonly events: Pick<EventPort, 'onChange'>;
  /** The end of the sentence when the time is over: `vGPU 7686… did not become active`. */
  readonly timedOut: string;
  readonly timeoutMs?: number;
}

/**
 * Settles when the condition holds. It is looked at once at the start, after every event, and at least every quarter
 * of a second; while libvirt is away that counts as not yet.
 * @throws DeviceError TimedOut
 */
export async function waitUntil(condition: () => Promise<boolean>, options: WaitOptions): Promise<void> {
  const { events, timedOut, timeoutMs = settleTimeoutMs } = options;
  const deadline = performance.now() + timeoutMs;
  const pause = new Pause();
  // Before looking: what changes while the condition is looked at ends the next pause at once.
  const unsubscribe = events.onChange(() => pause.end());
  try {
    for (let pauseMs = firstPauseMs; !(await holds(condition)); pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      if (performance.now() >= deadline) throw new DeviceError('TimedOut', `${timedOut} within ${timeoutMs / 1000} s`);
      await pause.begin(pauseMs);
    }
  } finally {
    unsubscribe();
    pause.end();
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
