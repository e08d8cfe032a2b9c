// SPDX-License-Identifier: LGPL-2.1-or-later
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { startEmulatedHost, type EmulatedHost } from './index.js';
import { eventually, run } from './testing.js';

const timeoutMs = 60_000;
const traces = '/run/emulated-host/traces';

function start(): Promise<EmulatedHost> {
  return startEmulatedHost('seed-page', { services: ['vgpud'], traceVgpud: true });
}

describe('the end of a host whose vgpud is traced', { timeout: timeoutMs }, () => {
  it('is in order when vgpud has run nothing', async () => {
    const host = await start();
    await host.stop();
    await expect(host.stop()).resolves.toBeUndefined();
  });

  it('tells of a program that was started while vgpud ended', async () => {
    const host = await start();
    const pid = (await run(host, 'cat', ['/run/emulated-host/pid/vgpud'])).trim();
    await host.killService('vgpud', 'SIGSTOP');
    const stopped = host.stop().then(
      () => 'in order',
      (error: unknown) => String(error),
    );
    await eventually('the signal', () => {
      const status = readFileSync(`${host.root}/proc/${pid}/status`, 'utf8');
      expect(status).not.toMatch(/^ShdPnd:\s+0+$/m);
    });
    // As strace writes it.
    await run(host, 'sh', ['-c', `echo 'execve("/bin/late")' >> $(ls -d ${traces}/*)`]);
    await host.killService('vgpud', 'SIGCONT');
    expect(await stopped).toContain('vgpud ran a program: execve("/bin/late")');
  });

  it('tells when there is no trace', async () => {
    const host = await start();
    await run(host, 'sh', ['-c', `rm ${traces}/*`]);
    await expect(host.stop()).rejects.toThrow('a traced vgpud left no trace');
  });
});
