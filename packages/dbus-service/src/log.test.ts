// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '@vgpu/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { BusCallError } from './host/messages.js';
import { LimitedLog, stderrLog } from './log.js';
import { CollectingLog, ManualClock, settle } from './testing/service.js';

const periodMs = 30_000;

function start() {
  const written = new CollectingLog();
  const clock = new ManualClock();
  const log = new LimitedLog(written, clock);
  const pass = async () => {
    written.lines.length = 0;
    clock.advance(periodMs);
    await settle();
    return [...written.lines];
  };
  return { written, log, pass };
}

function letters(index: number): string {
  return [...String(index)].map((digit) => 'abcdefghij'[Number(digit)]).join('');
}

function written(error: unknown): string {
  const lines: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
  stderrLog.error('it failed', error);
  return lines.join('');
}

describe('what callers provoke', () => {
  it('is written some times, then counted, and written again after a while', async () => {
    const { written, log, pass } = start();
    for (let index = 0; index < 20_000; index += 1) log.error(`denied to :1.${index}`, 'no');
    expect(written.lines).toHaveLength(20);
    expect(written.lines.at(-1)).toBe('denied to :1.19: no');
    expect(await pass()).toEqual(['19980 more messages in 30 s like “denied to :1.0”']);
    log.info('denied to :1.1');
    expect(written.lines.at(-1)).toBe('denied to :1.1');
    expect(await pass()).toEqual([]);
  });

  it.each([
    ['senders', (index: number) => `denied to :1.${index}`],
    ['ids', (index: number) => `[${(index + 4096).toString(16)}] it could not be stopped`],
    ['quoted text', (index: number) => `"${'a'.repeat(index % 50)} \\" b" is no type`],
    ['sizes', (index: number) => `a header of ${index} bytes`],
  ])('is of one kind whatever its %s', (_what, textOf) => {
    const { written, log } = start();
    for (let index = 0; index < 1000; index += 1) log.info(textOf(index));
    expect(written.lines).toHaveLength(20);
  });

  it('hides nothing of another kind', () => {
    const { written, log } = start();
    for (let index = 0; index < 1000; index += 1) log.info(`denied to :1.${index}`);
    log.error('the bus is lost', 'no');
    expect(written.lines.at(-1)).toBe('the bus is lost: no');
  });

  it('takes no memory, and still only so many lines, however many kinds there are', () => {
    const { written, log } = start();
    for (let index = 0; index < 10_000; index += 1) log.info(`it is ${letters(index)}`);
    expect(written.lines.length).toBeLessThan(300);
  });
});

describe('standard error', () => {
  afterEach(() => void vi.restoreAllMocks());

  it('has no stack of an error with a name of its own, but its causes', () => {
    const cause = new BusCallError('org.freedesktop.DBus.Error.NoReply', 'timed out');
    expect(written(new DeviceError('Unavailable', 'libvirt is away', { cause }))).toBe(
      '<3>it failed: Unavailable: libvirt is away: org.freedesktop.DBus.Error.NoReply: timed out\n',
    );
  });

  it('has the stack of any other, with the priority in front of each line', () => {
    const lines = written(new TypeError('a mistake')).trimEnd().split('\n');
    expect(lines[0]).toBe('<3>it failed: TypeError: a mistake');
    expect(lines.length).toBeGreaterThan(3);
    for (const line of lines) expect(line).toMatch(/^<3>/);
  });
});
