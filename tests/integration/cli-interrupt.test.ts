// SPDX-License-Identifier: LGPL-2.1-or-later
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../emulated-host/testing.js';
import { startCliHost, type CliHost } from './cli-host.js';
import { parent, typeId, uuid } from './seed-page.js';

const start = ['start', '-u', uuid, '-p', parent, '-t', typeId];
const ctrlC = '\u0003';

describe('Ctrl+C during a change', { timeout: 120_000 }, () => {
  let host: CliHost;
  beforeAll(async () => {
    host = await startCliHost();
  });
  afterAll(() => host?.[Symbol.asyncDispose]());

  /** Begins the command and holds its vGPU in the kernel. */
  async function beginHeld(args: readonly string[]) {
    const { machine } = host;
    await machine.control({ command: 'hold' });
    const command = machine.spawn('sh', ['-c', 'echo $$ && exec vgpuctl "$@"', 'sh', ...args]);
    let stdout = '';
    let stderr = '';
    command.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
    command.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
    const ended = once(command, 'close');
    await eventually('the change', async () => expect((await machine.kernelState()).heldWriters).toBe(1));
    const [pid = ''] = stdout.split('\n');
    const interrupt = () => machine.exec('kill', ['-INT', pid]);
    const end = async () => {
      const [status] = (await ended) as [number | null];
      return { status, stdout: stdout.slice(pid.length + 1), stderr };
    };
    return { interrupt, end };
  }

  const operations = async () => JSON.parse(await host.succeed('operations', '--json')) as { state: string }[];

  it('at the question for a password: nothing is changed, and the terminal is as before', async () => {
    const before = await host.state();
    const { seen, status, restored } = await host.atTerminal(start, [['Password: ', ctrlC]], 'nobody');
    expect({ seen, status, restored }).toMatchObject({ status: 130, restored: true });
    expect(seen).toContain('vgpuctl: interrupted: nothing is changed');
    expect(await host.state()).toBe(before);
    expect((await host.machine.exec('pgrep', ['pkttyagent'])).stdout).toBe('');
  });

  it('in the middle: it is undone', async () => {
    const before = await host.state();
    const { interrupt, end } = await beginHeld(start);
    expect(await host.succeed('operations')).toMatch(/Gpu\.CreateVgpu +0000:00:02\.0 +running\n$/);
    const monitor = host.machine.spawn('busctl', ['monitor', '--match', "type='method_call',member='Cancel'"]);
    let heard = '';
    for (const stream of [monitor.stdout, monitor.stderr]) stream.on('data', (text: Buffer) => (heard += text));
    await eventually('the monitor', () => expect(heard).toContain('Monitoring bus'));
    await interrupt();
    await eventually('the cancellation', () => expect(heard).toContain('Member=Cancel'));
    monitor.kill();
    await host.machine.control({ command: 'release' });
    expect(await end()).toStrictEqual({
      status: 130,
      stdout: '',
      stderr: 'vgpuctl: interrupted: nothing is changed\n',
    });
    expect((await operations()).at(-1)).toMatchObject({ state: 'rolled-back', caller_uid: 0, kind: 'Gpu.CreateVgpu' });
    expect(await host.state()).toBe(before);
  });

  it('in its last step: it is made, and that is said', async () => {
    await host.succeed('define', '-u', uuid, '-p', parent, '-t', typeId);
    const { interrupt, end } = await beginHeld(['start', '-u', uuid]);
    await interrupt();
    await host.machine.control({ command: 'release' });
    const { status, stderr } = await end();
    expect({ status, stderr }).toStrictEqual({
      status: 130,
      stderr: 'vgpuctl: interrupted too late: the change is made\n',
    });
    expect(await host.succeed('list')).toContain(uuid);
    expect((await operations()).at(-1)).toMatchObject({ state: 'done', target: `${uuid}@${parent}` });
  });
});
