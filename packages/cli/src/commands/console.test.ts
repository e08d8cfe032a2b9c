// SPDX-License-Identifier: LGPL-2.1-or-later
import { interfaces, managerPath } from '@vgpu/dbus-service/protocol';
import { describe, expect, it } from 'vitest';
import { answering, dictionary, properties } from '../testing/fake-service.js';
import { run } from './console.js';

const pty = (path: string) => dictionary({ type: 'pty', path });

/** A virtual machine with these properties, whose console is read again and again. */
function open(given: Readonly<Record<string, unknown>>, readings: readonly unknown[], stale = false) {
  const opened: string[] = [];
  const left = [...readings];
  const { context, printed } = answering(
    {
      managed: {
        '/d': { [interfaces.domain]: properties(interfaces.domain, { Name: 'fedora', ...given }) },
        [managerPath]: { [interfaces.manager]: properties(interfaces.manager, { Connected: !stale, Stale: stale }) },
      },
      property: () => left.shift(),
    },
    {
      interactive: true,
      open: (path) => {
        opened.push(path);
        return Promise.resolve({
          join: () => Promise.resolve('left'),
          close: () => void opened.push('closed'),
        });
      },
    },
  );
  return { result: run({ domain: 'fedora' }, context), opened, printed };
}

describe('console', () => {
  const running = { State: 'running', Console: pty('/dev/pts/1') };

  it('opens the terminal that it is now, not the one it was', async () => {
    const { result, opened } = open(running, [pty('/dev/pts/2'), pty('/dev/pts/2')]);
    expect(await result).toBe(0);
    expect(opened).toStrictEqual(['/dev/pts/2']);
  });

  it('joins nothing when the terminal has changed while it was opened', async () => {
    const { result, opened, printed } = open(running, [pty('/dev/pts/1'), pty('/dev/pts/3')]);
    await expect(result).rejects.toMatchObject({ code: 'InvalidState', message: /has changed/ });
    expect(opened).toStrictEqual(['/dev/pts/1', 'closed']);
    expect(printed()).toBe('');
  });

  it('does not trust what was last seen when libvirt cannot be reached', async () => {
    const { result, opened } = open(running, [pty('/dev/pts/1'), pty('/dev/pts/1')], true);
    await expect(result).rejects.toMatchObject({ code: 'Unavailable' });
    expect(opened).toStrictEqual([]);
  });

  it.each([
    [{ State: 'running' }, "fedora runs without a console: its definition needs <console type='pty'/>"],
    [{ State: 'running', Console: dictionary({ type: 'pty' }) }, 'fedora runs without a console'],
    [{ State: 'paused' }, 'from its next start on'],
    [
      { State: 'running', Console: dictionary({ type: 'tcp' }) },
      "fedora has a console of type tcp, which has no terminal: its definition needs <console type='pty'/> inside <devices>, from its next start on",
    ],
    [{ State: 'shut-off' }, 'fedora has no console: its definition needs'],
    [
      { State: 'shut-off', Console: dictionary({ type: 'pty' }) },
      'fedora has a console only while it runs, and is shut-off: vgpuctl domain start fedora',
    ],
  ])('says why there is none: %j', async (given, message) => {
    const { result } = open(given, []);
    await expect(result).rejects.toMatchObject({ code: 'InvalidState', message: expect.stringContaining(message) });
  });
});
