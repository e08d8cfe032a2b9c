// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '@vgpu/core';
import { describe, expect, it } from 'vitest';
import { InterruptedError, runInterruptible, watchSigint } from './interruption.js';

const nothing = (): void => undefined;

/** A change that ends when the test says, and Ctrl+C when the test presses it. */
function begin(cancelled: readonly boolean[] = [true]) {
  let finish!: (result: string) => void;
  let fail!: (error: unknown) => void;
  let press = nothing;
  let refuse = nothing;
  const cancels: boolean[] = [];
  const result = runInterruptible(
    {
      change: (given) => {
        refuse = given;
        return new Promise<string>((resolve, reject) => {
          finish = resolve;
          fail = reject;
        });
      },
      cancel: async () => {
        const done = cancelled[cancels.length] ?? true;
        cancels.push(done);
        return done;
      },
    },
    (onInterrupt) => {
      press = onInterrupt;
      return () => {
        press = nothing;
      };
    },
  );
  return { result, finish, fail, cancels, press: () => press(), refuse: () => refuse() };
}

describe('a change', () => {
  it('ends as it ends where nobody interrupts it', async () => {
    const one = begin();
    one.refuse();
    one.finish('done');
    expect(await one.result).toBe('done');
    const error = new DeviceError('NotFound', 'gone');
    const two = begin();
    two.fail(error);
    await expect(two.result).rejects.toBe(error);
    expect([...one.cancels, ...two.cancels]).toEqual([]);
  });

  it.each([
    ['RolledBack', /nothing is changed/],
    ['NotAuthorized', /nothing is changed/],
    ['TimedOut', /^interrupted: start is not known$/],
  ] as const)('that is interrupted is cancelled; after %s it says what became of it', async (code, message) => {
    const { result, press, fail, cancels } = begin();
    press();
    fail(new DeviceError(code, 'start is not known'));
    await expect(result).rejects.toThrow(message);
    await expect(result).rejects.toBeInstanceOf(InterruptedError);
    expect(cancels).toEqual([true]);
  });

  it('that is made all the same is no success', async () => {
    const { result, press, finish } = begin();
    press();
    finish('done');
    await expect(result).rejects.toThrow(/too late: the change is made/);
  });

  it('is looked for again until it can be cancelled', async () => {
    const { result, press, fail, cancels } = begin([false, false]);
    press();
    while (cancels.length < 3) await new Promise((resolve) => setImmediate(resolve));
    fail(new DeviceError('RolledBack', ''));
    await expect(result).rejects.toBeInstanceOf(InterruptedError);
    expect(cancels).toEqual([false, false, true]);
  });

  it('is not asked for again after an interruption', async () => {
    const { press, refuse, fail, result } = begin();
    press();
    expect(refuse).toThrow(InterruptedError);
    fail(new InterruptedError('x'));
    await expect(result).rejects.toThrow('x');
  });
});

describe('watchSigint', () => {
  it('takes one, and leaves the next to the system', () => {
    const before = process.listenerCount('SIGINT');
    let pressed = 0;
    const unwatch = watchSigint(() => (pressed += 1));
    process.emit('SIGINT');
    expect([pressed, process.listenerCount('SIGINT')]).toEqual([1, before]);
    unwatch();
    watchSigint(() => (pressed += 1))();
    expect([pressed, process.listenerCount('SIGINT')]).toEqual([1, before]);
  });
});
