// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import type { Context } from '../context.js';
import { commandName, formatReferencePage, listCommands } from '../testing/reference-page.js';
import { readAccepted } from '../testing/golden.js';
import { createProgram } from './program.js';
import { runProgram } from './run.js';

/** Runs a command line that must end before it talks to the service. */
async function runOffline(line: string): Promise<{ status: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const print = (text: string): void => void (out += text);
  const context: Context = {
    print,
    service: () => Promise.reject(new Error('the service was asked')),
    remark: () => undefined,
    terminal: { interactive: false, open: () => Promise.reject(new Error('the terminal was used')) },
  };
  const complain = (text: string): void => void (err += text);
  const argv = line.split(' ').filter((word) => word !== '');
  const status = await runProgram(argv, context, { print, complain, isRoot: true });
  return { status, out, err };
}

describe('docs/vgpuctl.md', () => {
  it('is what the help texts say', () => {
    const page = formatReferencePage();
    expect(page).toBe(readAccepted(new URL('../../../../docs/vgpuctl.md', import.meta.url), page));
  });
});

describe('help', () => {
  const names = listCommands(createProgram(() => Promise.resolve(), {})).map((command) =>
    commandName(command).replace(/^vgpuctl /, ''),
  );

  it.each(names)('of %s goes to the standard output with an example and status 0', async (name) => {
    const { status, out, err } = await runOffline(`${name} --help`);
    expect({ status, err }).toStrictEqual({ status: 0, err: '' });
    expect(out).toContain(`Example:\n  vgpuctl ${name}`);
  });

  it.each(names)('of %s has an example that the command line accepts', async (name) => {
    const { out } = await runOffline(`${name} --help`);
    const example = /Example:\n {2}vgpuctl (.*)\n/.exec(out)?.[1] ?? '';
    const { err } = await runOffline(example);
    // It gets as far as the service, which is not there in this test.
    expect(err).toBe('vgpuctl: the service was asked\n');
  });

  it.each(['start', 'domain', 'domain force-off'])('of "help %s" is that of its --help', async (words) => {
    expect(await runOffline(`help ${words}`)).toStrictEqual(await runOffline(`${words} --help`));
  });

  it('of "help" alone is the whole', async () => {
    expect(await runOffline('help')).toStrictEqual(await runOffline('--help'));
  });

  it('prints the version', async () => {
    expect(await runOffline('--version')).toStrictEqual({ status: 0, out: 'vgpuctl 0.1.0\n', err: '' });
  });
});

describe('wrong usage ends with 2, says why and prints nothing', () => {
  it.each([
    ['frobnicate', "vgpuctl: unknown command 'frobnicate'"],
    ['strat', "vgpuctl: unknown command 'strat': did you mean start?\nvgpuctl: try vgpuctl --help\n"],
    ['help frobnicate', "vgpuctl: unknown command 'frobnicate'\nvgpuctl: try vgpuctl --help\n"],
    ['help domain frobnicate', "vgpuctl: unknown command 'frobnicate'"],
    ['list --uid x', "vgpuctl: unknown option '--uid': did you mean --uuid?\nvgpuctl: try vgpuctl list --help\n"],
    ['domain fedora start', "vgpuctl: unknown command 'fedora'\nvgpuctl: try vgpuctl domain --help\n"],
    ['domain start', "vgpuctl: missing required argument 'domain'\nvgpuctl: try vgpuctl domain start --help\n"],
    [
      'assign fedora 7686131b-b229-4768-a02c-35d1dbed7c66',
      'vgpuctl: the vGPU comes first: vgpuctl assign 7686131b-b229-4768-a02c-35d1dbed7c66 fedora\n',
    ],
    [
      'unassign fedora 7686131b-b229-4768-a02c-35d1dbed7c66@mtty --dry-run',
      'vgpuctl: the vGPU comes first: vgpuctl unassign 7686131b-b229-4768-a02c-35d1dbed7c66@mtty fedora\n',
    ],
    ['types extra', "vgpuctl: too many arguments for 'types'"],
    ['list --frob', "vgpuctl: unknown option '--frob'"],
    ['stop', "vgpuctl: required option '-u, --uuid <uuid>' not specified"],
    ['modify --uuid 7686131b-b229-4768-a02c-35d1dbed7c66', 'vgpuctl: modify needs --auto or --manual'],
    ['modify -u 7686131b-b229-4768-a02c-35d1dbed7c66 -a -m', "vgpuctl: option '-a, --auto' cannot be used with"],
    ['start', 'vgpuctl: start needs --uuid, or --parent and --type'],
    ['start -p 0000:00:02.0', 'vgpuctl: start needs --uuid, or --parent and --type'],
    ['define --type i915-GVTg_V5_4', 'vgpuctl: define needs --uuid, or --parent and --type'],
    ['start --uuid 7686131b', 'vgpuctl: "7686131b" is not a UUID'],
    ['list --uuid nonsense', 'vgpuctl: "nonsense" is not a UUID'],
    ['stop --uuid \u001b[2J', 'vgpuctl: "\\x1b[2J" is not a UUID'],
    ['stop --uuid a\u202eb', 'vgpuctl: "a\\u{202e}b" is not a UUID'],
    ['assign 7686131b-b229-4768-a02c-35d1dbed7c66', "vgpuctl: missing required argument 'domain'"],
    ['domain start', "vgpuctl: missing required argument 'domain'"],
    ['domain frob', "vgpuctl: unknown command 'frob'"],
    [
      'start -u 7686131b-b229-4768-a02c-35d1dbed7c66@0000:00:02.0 -p 0000:3b:00.0',
      'vgpuctl: 7686131b-b229-4768-a02c-35d1dbed7c66@0000:00:02.0 names another parent than --parent 0000:3b:00.0',
    ],
  ])('%s', async (line, message) => {
    const { status, out, err } = await runOffline(line);
    expect({ status, out }).toStrictEqual({ status: 2, out: '' });
    expect(err).toContain(message);
    expect(err).toMatch(/^vgpuctl: /);
  });

  it.each(['', 'domain'])('"%s" prints the help as an error', async (line) => {
    const { status, out, err } = await runOffline(line);
    expect({ status, out }).toStrictEqual({ status: 2, out: '' });
    expect(err).toContain('Usage: vgpuctl');
  });
});
