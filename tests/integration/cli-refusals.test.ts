// SPDX-License-Identifier: LGPL-2.1-or-later
import { afterAll, describe, expect, it } from 'vitest';
import { startCliHost, type CliHost } from './cli-host.js';
import { parent, typeId, uuid } from './seed-page.js';

const unused = '00000000-0000-4000-8000-000000000001';
const twice = '00000000-0000-4000-8000-000000000002';
const stored = '00000000-0000-4000-8000-000000000003';
const hostile = '00000000-0000-4000-8000-000000000004';

/**
 * A path out of the device's directory, and a control character. It is an ASCII one: libvirt 11.3 with mdevctl 1.4
 * reads no definition at all once one of them holds anything else.
 */
const hostileName = '../../../../../etc/victim';
const hostileValue = '\u007fowned';

interface Refusal {
  readonly args: readonly string[];
  readonly status: number;
  /** A part of it. */
  readonly message: string;
}

/** Which vGPUs are there: see prepare(). */
const refusals: readonly Refusal[] = [
  // New vGPUs.
  {
    args: ['start', '-p', parent, '-t', 'i915-GVTg_V5_3'],
    status: 10,
    message: `${parent} has no type i915-GVTg_V5_3`,
  },
  { args: ['start', '-p', parent, '-t', '../../x'], status: 10, message: `${parent} has no type "../../x"` },
  {
    args: ['start', '-p', parent, '-t', 'i915-GVTg_V5_1'],
    status: 12,
    message: `${parent} has no available instances of i915-GVTg_V5_1; active are ${uuid} (i915-GVTg_V5_1)`,
  },
  {
    args: ['start', '-p', '0000:00:03.0', '-t', typeId],
    status: 10,
    message: '0000:00:03.0 is no device of this host',
  },
  { args: ['start', '-p', 'nope/../x', '-t', typeId], status: 10, message: 'nope/../x is no device of this host' },
  { args: ['start', '-u', '7686131b', '-p', parent, '-t', typeId], status: 2, message: '"7686131b" is not a UUID' },
  {
    args: ['start', '-u', uuid, '-p', parent, '-t', 'i915-GVTg_V5_1'],
    status: 15,
    message: `vGPU ${uuid} is active already`,
  },
  { args: ['start', '-u', uuid, '-p', parent, '-t', typeId], status: 11, message: `vGPU ${uuid} exists already` },
  {
    args: ['start', '-u', stored, '-t', 'i915-GVTg_V5_2'],
    status: 11,
    message: `${stored} is defined under ${parent}`,
  },
  { args: ['start', '-u', unused, '-t', typeId], status: 2, message: `${unused} is new: it needs --parent and --type` },
  {
    args: ['define', '-p', '0000:00:03.0', '-t', typeId],
    status: 10,
    message: '0000:00:03.0 is no device of this host',
  },
  { args: ['define', '-u', unused, '-p', parent, '-t', 'x'], status: 10, message: `${parent} has no type x` },
  // vGPUs that are there, or are not.
  { args: ['start', '-u', unused], status: 10, message: `vGPU ${unused} does not exist` },
  { args: ['start', '-u', uuid], status: 15, message: `vGPU ${uuid} is active already` },
  { args: ['stop', '-u', unused], status: 10, message: `vGPU ${unused} does not exist` },
  { args: ['stop', '-u', stored], status: 15, message: `vGPU ${stored} is not active` },
  { args: ['stop', '-u', `${uuid}@mtty`], status: 10, message: `vGPU ${uuid}@mtty does not exist` },
  { args: ['define', '-u', unused], status: 10, message: `vGPU ${unused} does not exist` },
  { args: ['define', '-u', stored], status: 11, message: `vGPU ${stored} has a definition already` },
  {
    args: ['define', '-u', uuid, '-t', 'i915-GVTg_V5_2'],
    status: 11,
    message: `${uuid} exists under ${parent} with type`,
  },
  { args: ['undefine', '-u', uuid], status: 15, message: `vGPU ${uuid} is transient: it has no definition` },
  { args: ['modify', '-u', uuid, '--auto'], status: 15, message: `vGPU ${uuid} is transient: it has no definition` },
  { args: ['modify', '-u', unused, '--auto'], status: 10, message: `vGPU ${unused} does not exist` },
  { args: ['modify', '-u', stored], status: 2, message: 'modify needs --auto or --manual' },
  // Definitions that two parents have.
  ...['start', 'undefine', 'define'].map((command) => ({
    args: [command, '-u', twice],
    status: 17,
    message: `${twice} exists under several parents, which libvirt cannot tell apart: 0000:00:02.0, 0000:00:1f.3`,
  })),
  { args: ['modify', '-u', twice, '--auto'], status: 17, message: `vGPU ${twice} exists under several parents` },
  { args: ['assign', twice, 'phyllome'], status: 17, message: `vGPU ${twice} exists under several parents` },
  {
    args: ['start', '-u', `${twice}@${parent}`],
    status: 17,
    message: `vGPU ${twice} exists under several parents, which libvirt cannot tell apart: 0000:00:02.0, 0000:00:1f.3; mdevctl undefine`,
  },
  // It does not matter which is meant.
  { args: ['stop', '-u', twice], status: 15, message: `vGPU ${twice} is not active` },
  { args: ['unassign', twice, 'phyllome'], status: 10, message: `vGPU ${twice} is not assigned to phyllome` },
  // A definition that somebody wrote to harm.
  { args: ['start', '-u', hostile], status: 15, message: `vGPU ${hostile} has an unsafe definition: attribute` },
  { args: ['modify', '-u', hostile, '--auto'], status: 15, message: `vGPU ${hostile} has an unsafe definition` },
  // Virtual machines.
  { args: ['assign', stored, 'nobody'], status: 10, message: 'domain nobody does not exist' },
  { args: ['assign', stored, 'a\u001b[2Jb'], status: 10, message: 'domain a\\x1b[2Jb does not exist' },
  { args: ['assign', unused, 'phyllome'], status: 10, message: `vGPU ${unused} does not exist` },
  { args: ['assign', 'x', 'phyllome'], status: 2, message: '"x" is not a UUID' },
  { args: ['assign', stored, 'server'], status: 11, message: `vGPU ${stored} is assigned to server already` },
  {
    args: ['assign', stored, 'server', '--dry-run'],
    status: 11,
    message: `vGPU ${stored} is assigned to server already`,
  },
  { args: ['unassign', stored, 'phyllome'], status: 10, message: `vGPU ${stored} is not assigned to phyllome` },
  { args: ['undefine', '-u', stored], status: 13, message: `vGPU ${stored} is assigned to server: unassign it first` },
  { args: ['domain', 'start', 'nobody'], status: 10, message: 'domain nobody does not exist' },
  { args: ['domain', 'shutdown', 'phyllome'], status: 15, message: 'domain phyllome is not running' },
  { args: ['domain', 'force-off', 'phyllome'], status: 15, message: 'domain phyllome is not running' },
  { args: ['console', 'nobody'], status: 10, message: 'domain nobody does not exist' },
  { args: ['console', 'phyllome'], status: 15, message: 'phyllome has a console only while it runs, and is shut-off' },
];

const titled = refusals.map((refusal) => {
  const title = JSON.stringify(refusal.args.join(' ')).slice(1, -1);
  return [title, refusal.status, refusal] as const;
});

describe('what is refused ends with its status, says why, and changes nothing', { timeout: 120_000 }, () => {
  /** A prepared host; not there while a test has it, and after one that has not left it as it was. */
  let untouched: { readonly host: CliHost; readonly state: string } | undefined;
  afterAll(() => untouched?.host[Symbol.asyncDispose]());

  /** Runs a test on the prepared host; one that changes it has failed, and the next gets another. */
  async function onPreparedHost(test: (host: CliHost) => Promise<void>): Promise<void> {
    const { host, state } = untouched ?? (await startPreparedHost());
    untouched = undefined;
    try {
      await test(host);
      expect(await wholeState(host)).toBe(state);
      untouched = { host, state };
    } finally {
      if (untouched === undefined) await host[Symbol.asyncDispose]();
    }
  }

  it.each(titled)('%s ends with %i', async (_title, _status, { args, status, message }) => {
    await onPreparedHost(async (host) => {
      const result = await host.vgpuctl(args);
      expect({ status: result.status, stdout: result.stdout }).toStrictEqual({ status, stdout: '' });
      expect(result.stderr).toMatch(/^vgpuctl: [^\p{C}]+\n$/u);
      expect(result.stderr).toContain(message);
    });
  });

  it('prints a hostile definition in plain characters; nothing else differs from mdevctl', async () => {
    await onPreparedHost(async (host) => {
      const theirs = (await host.mdevctl(['list', '-d', '-v'])).stdout;
      expect(theirs).toContain(`{"${hostileName}":"${hostileValue}"}`);
      const ours = await host.succeed('list', '-d', '-v');
      expect(ours).toMatch(/^[\x20-\x7e\n]*$/);
      expect(ours.split('\n').filter((line) => !line.includes(hostileName))).toStrictEqual(
        theirs.split('\n').filter((line) => !line.includes(hostileName)),
      );
      expect(await host.succeed('list', '-d', '--dumpjson')).toMatch(/^[\x20-\x7e\n]*$/);
    });
  });
});

async function startPreparedHost(): Promise<{ readonly host: CliHost; readonly state: string }> {
  const host = await startCliHost();
  try {
    await prepare(host);
    return { host, state: await wholeState(host) };
  } catch (error) {
    await host[Symbol.asyncDispose]();
    throw error;
  }
}

/** With the file that the hostile attribute would make. */
async function wholeState(host: CliHost): Promise<string> {
  expect((await host.machine.exec('test', ['-e', '/etc/victim'])).status).toBe(1);
  return host.state();
}

/** An active transient vGPU, a stored one that a domain has, one UUID under two parents, and a hostile definition. */
async function prepare(host: CliHost): Promise<void> {
  await host.output('mdevctl', 'define', '-u', stored, '-p', parent, '-t', typeId);
  await host.output('mdevctl', 'define', '-u', twice, '-p', parent, '-t', typeId);
  await host.output('mdevctl', 'define', '-u', twice, '-p', '0000:00:1f.3', '-t', typeId);
  await host.followed();
  const definition = JSON.stringify({ mdev_type: typeId, start: 'manual', attrs: [{ [hostileName]: hostileValue }] });
  await host.machine.exec('sh', ['-c', `cat > /etc/mdevctl.d/${parent}/${hostile}`], { input: definition });
  await host.waitForDefinitions((definitions) => JSON.stringify(definitions).includes(hostile));
  await host.succeed('start', '-u', uuid, '-p', parent, '-t', 'i915-GVTg_V5_1');
  await host.succeed('assign', stored, 'server');
}

describe('what is not reachable ends with 7', { timeout: 120_000 }, () => {
  it('libvirt: changes are refused, what was last seen is listed, and it recovers', async () => {
    await using host = await startCliHost();
    const seen = await host.succeed('types');
    await host.machine.killLibvirtd('SIGTERM');
    const start = await host.vgpuctl(['start', '-p', parent, '-t', typeId]);
    expect({ status: start.status, stdout: start.stdout }).toStrictEqual({ status: 7, stdout: '' });
    expect(start.stderr).toMatch(/^vgpuctl: [^\p{C}]*libvirt[^\p{C}]*\nvgpuctl: [^\p{C}]*libvirtd.socket[^\p{C}]*\n$/u);
    const status = await host.vgpuctl(['status']);
    expect(status.status).toBe(7);
    expect(status.stdout).toContain('not connected to qemu:///system\n');
    const listed = await host.vgpuctl(['types']);
    expect(listed).toMatchObject({ status: 0, stdout: seen });
    expect(listed.stderr).toMatch(/^vgpuctl: libvirt at qemu:\/\/\/system cannot be reached: .* last seen at \S+\n$/);
    await host.machine.startLibvirtd();
    await host.followed();
    await expect.poll(async () => (await host.vgpuctl(['status'])).status, { timeout: 20_000 }).toBe(0);
    await host.succeed('start', '-u', uuid, '-p', parent, '-t', typeId);
  });

  it('the service, and the bus', async () => {
    await using host = await startCliHost();
    await host.machine.killService('vgpud', 'SIGTERM');
    const service = await host.vgpuctl(['types']);
    expect({ status: service.status, stdout: service.stdout }).toStrictEqual({ status: 7, stdout: '' });
    expect(service.stderr).toMatch(
      /^vgpuctl: vgpud is not running and could not be started: systemctl start vgpud, .*\n$/,
    );
    await host.machine.killService('bus', 'SIGTERM');
    const bus = await host.vgpuctl(['types']);
    expect({ status: bus.status, stdout: bus.stdout }).toStrictEqual({ status: 7, stdout: '' });
    expect(bus.stderr).toMatch(/^vgpuctl: the system bus cannot be reached: .*\n$/);
  });

  it('a service and a bus that hang', async () => {
    await using host = await startCliHost();
    await host.machine.killService('vgpud', 'SIGSTOP');
    expect(await host.vgpuctl(['types'])).toStrictEqual({
      status: 7,
      stdout: '',
      stderr: 'vgpuctl: vgpud does not answer\n',
    });
    await host.machine.killService('bus', 'SIGSTOP');
    expect(await host.vgpuctl(['types'])).toStrictEqual({
      status: 7,
      stdout: '',
      stderr: 'vgpuctl: the system bus cannot be reached: no answer within 10 s\n',
    });
    await host.machine.killService('bus', 'SIGCONT');
    await host.machine.killService('vgpud', 'SIGCONT');
    await host.succeed('types');
  });
});
