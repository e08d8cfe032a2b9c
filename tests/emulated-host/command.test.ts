// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { checkout } from './paths.js';

const program = join(checkout, 'tests/dist/emulated-host/main.js');
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function start(args: readonly string[], command = process.execPath): ChildProcess {
  const child = spawn(command, command === process.execPath ? [program, ...args] : [...args], { stdio: 'pipe' });
  children.push(child);
  return child;
}

async function finish(child: ChildProcess, input = ''): Promise<{ status: unknown; stdout: string; stderr: string }> {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin?.end(input);
  const [status] = (await once(child, 'close')) as [unknown];
  return { status, stdout, stderr };
}

describe('npm run host', () => {
  it('prints nothing but what the command prints, and ends with its status', async () => {
    const script = 'cat; echo to-stderr >&2; exit 7';
    const done = await finish(start(['no-iommu', 'sh', '-c', script]), 'from stdin\n');
    expect(done).toEqual({ status: 7, stdout: 'from stdin\n', stderr: 'to-stderr\n' });
  });

  it('runs in the directory of the caller with his environment, as root, with vgpuctl on the PATH', async () => {
    const script = 'pwd; id -u; echo $CALLER; command -v vgpuctl';
    const child = spawn(process.execPath, [program, 'no-iommu', 'sh', '-c', script], {
      cwd: join(checkout, 'packages'),
      env: { ...process.env, CALLER: 'it is me' },
    });
    children.push(child);
    const { stdout } = await finish(child);
    expect(stdout).toBe(`${join(checkout, 'packages')}\n0\nit is me\n/run/emulated-host/bin/vgpuctl\n`);
  });

  it('has vgpud on the bus, running as its own user', async () => {
    const ask = 'busctl call org.freedesktop.DBus / org.freedesktop.DBus GetConnectionUnixUser s me.phyllo.Vgpu1';
    const { status, stdout, stderr } = await finish(start(['seed-page', 'sh', '-c', `${ask}; id -u vgpud`]));
    const [owner, uid] = stdout.trim().split('\n');
    expect({ status, stderr, owner }).toEqual({ status: 0, stderr: '', owner: `u ${uid}` });
    expect(uid).not.toBe('0');
  });

  it('gives 128 + n when a signal ends the command', async () => {
    expect(await finish(start(['no-iommu', 'sh', '-c', 'kill -TERM $$']))).toMatchObject({ status: 143 });
  });

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
  ] as const)('ends everything on %s', async (signal, status) => {
    const child = start(['no-iommu', 'sh', '-c', 'echo ready; sleep 60']);
    child.stdout?.once('data', () => child.kill(signal));
    expect(await finish(child)).toMatchObject({ status });
  });

  it('gives the command the terminal of the caller: an interactive shell works', async () => {
    const inner = `${process.execPath} ${program} no-iommu bash --norc -i`;
    const shell = start(['-qec', inner, '/dev/null'], 'script');
    const { status, stdout } = await finish(shell, 'test -t 0 && echo $((40 + 2))-terminal; exit 3\n');
    expect(status).toBe(3);
    expect(stdout).toContain('42-terminal');
    expect(stdout).not.toContain('no job control');
  });

  it.each([
    ['without arguments', []],
    ['without a command', ['seed-page']],
    ['with an unknown host', ['nowhere', 'true']],
  ])('says how it is used %s', async (_name, args) => {
    const { status, stdout, stderr } = await finish(start(args));
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain('usage: npm run -s host -- HOST COMMAND');
    expect(stderr).toContain('no-iommu, nvidia-time-sliced, seed-page');
  });
});
