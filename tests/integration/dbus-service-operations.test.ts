// SPDX-License-Identifier: LGPL-2.1-or-later
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { busName, interfaces, managerPath, type TypedValue } from '@vgpu/dbus-service/protocol';
import type { EmulatedHost } from '../emulated-host/index.js';
import { eventually, run } from '../emulated-host/testing.js';
import { DesktopClient } from './dbus-service-client.js';
import { comparable, type ObjectMirror } from './dbus-service-mirror.js';
import { MirroredHost } from './mirrored-host.js';
import { PolkitAgent } from './polkit-agent.js';
import { domainPath, gpuPath, parent, uuid, vgpuPath } from './seed-page.js';

const other = '11111111-2222-4333-8444-555555555555';
const notAuthorized = 'me.phyllo.Vgpu1.Error.NotAuthorized';
const uidOfNobody = 65534;
/** How long somebody takes for a password: longer than clients wait for an answer. */
const slowMs = 40_000;

let machine: MirroredHost;
let host: EmulatedHost;
let mirror: ObjectMirror;

beforeAll(async () => {
  machine = await MirroredHost.start();
  ({ host, mirror } = machine);
});

afterAll(() => machine?.[Symbol.asyncDispose]());

afterEach(async () => {
  await host.control({ command: 'release' });
  await machine.clean();
});

interface Operation {
  readonly path: string;
  readonly State: string;
  readonly CancelRequested: boolean;
  readonly ErrorName: string;
  readonly CallerUid: number;
  readonly Kind: string;
  readonly Target: string;
  /** `id state` of each step. */
  readonly steps: readonly string[];
  /** `id error_name` of each step that has one. */
  readonly failures: readonly string[];
}

/** What a listener knows of the operation with this id. */
function operation(id: string): Operation | undefined {
  for (const [path, object] of mirror.objects) {
    const values = object[interfaces.operation];
    if (values === undefined || values['Id']?.value !== id) continue;
    const plain = Object.fromEntries(Object.entries(values).map(([name, { value }]) => [name, value]));
    const told = plain['Steps'] as Record<string, TypedValue>[];
    const each = (key: string) =>
      told.flatMap((step) =>
        step[key] === undefined ? [] : [`${String(step['id']?.value)} ${String(step[key].value)}`],
      );
    return { ...(plain as unknown as Operation), path, steps: each('state'), failures: each('error_name') };
  }
  return undefined;
}

const state = (id: string) => operation(id)?.State;
const reaches = (id: string, wanted: string) => mirror.until(`${id} ${wanted}`, () => state(id) === wanted);
const pathOf = (id: string) => operation(id)?.path ?? '/';

/** A vGPU that is gone when it stops: definition, start, and the definition is removed. */
const transient = (id: string, of = uuid) => ({
  text: `'i915-GVTg_V5_8', {'uuid': <'${of}'>, 'persistent': <false>, 'operation_id': <'${id}'>}`,
  /** For gdbus call. */
  args: ['i915-GVTg_V5_8', `{'uuid': <'${of}'>, 'persistent': <false>, 'operation_id': <'${id}'>}`],
});

/** `gdbus call`, by root unless told otherwise, which allows no dialog. */
function gdbus(path: string, method: string, args: readonly string[], how: { user?: string; timeoutS?: number } = {}) {
  const { user = 'root', timeoutS = 25 } = how;
  const flags = ['--system', '--timeout', String(timeoutS), '--dest', busName, '--object-path', path];
  return host.exec('gdbus', ['call', ...flags, '--method', method, ...args], { user });
}

const create = (id: string, of?: string, timeoutS?: number) =>
  gdbus(gpuPath, `${interfaces.gpu}.CreateVgpu`, transient(id, of).args, timeoutS === undefined ? {} : { timeoutS });
const cancel = (id: string, user = 'root') => gdbus(pathOf(id), `${interfaces.operation}.Cancel`, ['{}'], { user });

/** Everything that a change which was not made must have left alone. */
async function hostState(): Promise<unknown> {
  const commands =
    'find /etc/mdevctl.d -type f -exec cat {} +; for d in $(virsh list --all --uuid); do virsh dumpxml $d; done';
  return [await run(host, 'sh', ['-c', commands]), await host.kernelState()];
}

/** Begins a change and holds it in the kernel, where its second step is. */
async function beginHeld(id: string, timeoutS?: number) {
  await host.control({ command: 'hold' });
  const result = create(id, uuid, timeoutS);
  await mirror.until('the start', () => operation(id)?.steps[1] === 'start-mdev running');
  await eventually('the kernel', async () => expect((await host.kernelState()).heldWriters).toBe(1));
  return { result };
}

describe('an operation', () => {
  it('is told to a client that listens, from its beginning to its end', async () => {
    const monitor = host.spawn('gdbus', ['monitor', '--system', '--dest', busName], { user: 'nobody' });
    let heard = '';
    monitor.stdout.on('data', (text: Buffer) => (heard += text.toString()));
    try {
      await eventually('the monitor', () => expect(heard).toContain(`The name ${busName} is owned by`));
      expect((await create('told')).stdout).toBe(`(objectpath '${vgpuPath}',)\n`);
      await eventually('the end', () => expect(heard).toContain('Operation.Completed'));
    } finally {
      monitor.kill();
    }
    const path = pathOf('told');
    const lines = heard.split('\n').filter((line) => line.includes(path));
    const told = lines.map((line) => {
      const member = /(InterfacesAdded|PropertiesChanged|Completed) /.exec(line)?.[1] ?? line;
      const states = [...line.matchAll(/'state': <'(\w+)'>/g)].map(([, word]) => word).join(' ');
      return `${member} ${/'State': <'([\w-]+)'>/.exec(line)?.[1] ?? ''}${states}`;
    });
    expect(told).toEqual([
      'InterfacesAdded running',
      'PropertiesChanged pending pending pending',
      'PropertiesChanged running pending pending',
      'PropertiesChanged done pending pending',
      'PropertiesChanged done running pending',
      'PropertiesChanged done done pending',
      'PropertiesChanged done done running',
      'PropertiesChanged done done done',
      'PropertiesChanged done',
      'Completed ',
    ]);
    expect(lines[0]).toContain(
      `'Kind': <'Gpu.CreateVgpu'>, 'Target': <objectpath '${gpuPath}'>, 'CallerUid': <uint32 0>`,
    );
    expect(lines.at(-1)).toContain(`${interfaces.operation}.Completed (true, '')`);
    expect(comparable(await mirror.managedObjects())).toEqual(comparable(mirror.objects));
  });

  it('goes on when its caller has given up and left, and is found by its id', async () => {
    const { result } = await beginHeld('late', 1);
    expect((await result).stderr).toContain('Timeout was reached');
    expect(state('late')).toBe('running');
    await host.control({ command: 'release' });
    await reaches('late', 'done');
    expect(operation('late')?.steps).toEqual(['define-mdev done', 'start-mdev done', 'undefine-mdev done']);
    // Asked again, it gives the answer that was missed, and makes nothing.
    expect((await create('late')).stdout).toBe(`(objectpath '${vgpuPath}',)\n`);
    expect((await host.kernelState()).mdevs).toHaveLength(1);
  });

  it('is undone when it is cancelled in the middle', async () => {
    const before = await hostState();
    const { result } = await beginHeld('undone');
    expect((await cancel('undone')).stderr).toBe('');
    await mirror.until('the cancelling', () => operation('undone')?.CancelRequested === true);
    expect(state('undone')).toBe('running');
    await host.control({ command: 'release' });
    expect((await result).stderr).toContain('me.phyllo.Vgpu1.Error.RolledBack');
    await reaches('undone', 'rolled-back');
    expect(operation('undone')?.steps).toEqual(['define-mdev undone', 'start-mdev undone', 'undefine-mdev skipped']);
    expect(await hostState()).toEqual(before);
    expect((await cancel('undone')).stderr).toContain('me.phyllo.Vgpu1.Error.InvalidState');
  });

  it('is not made when it is cancelled before its turn', async () => {
    const { result: held } = await beginHeld('first');
    const waiting = create('second', other);
    await reaches('second', 'running');
    expect(operation('second')?.steps).toEqual([]);
    expect((await cancel('second')).stderr).toBe('');
    expect((await waiting).stderr).toContain('me.phyllo.Vgpu1.Error.RolledBack');
    expect(state('second')).toBe('rolled-back');
    await host.control({ command: 'release' });
    expect((await held).stderr).toBe('');
    expect((await host.kernelState()).mdevs).toMatchObject([{ uuid }]);
  });

  it('cannot be cancelled by somebody else without a grant', async () => {
    const { result: held } = await beginHeld('others');
    const refused = await cancel('others', 'nobody');
    expect(refused.stderr).toContain('org.freedesktop.DBus.Error.InteractiveAuthorizationRequired');
    await host.control({ command: 'release' });
    expect((await held).stderr).toBe('');
    expect(state('others')).toBe('done');
  });
});

describe('a step that the kernel refuses', () => {
  it.each([
    ['ENOSPC', 'NoAvailableInstances', 'there are no available instances'],
    ['EIO', 'Internal', 'the log of vgpud says why'],
  ])('with %s is told as %s, in words and with its name, where the rest was undone', async (errno, code, why) => {
    const before = await hostState();
    await host.control({ command: 'fail', errno_name: errno, count: 1 });
    const { stderr } = await create(errno);
    expect(stderr).toContain(`me.phyllo.Vgpu1.Error.RolledBack: vGPU ${uuid} could not be started`);
    expect(stderr).toContain(why);
    expect(stderr).not.toContain('os error');
    await reaches(errno, 'rolled-back');
    expect(operation(errno)).toMatchObject({
      ErrorName: 'me.phyllo.Vgpu1.Error.RolledBack',
      steps: ['define-mdev undone', 'start-mdev failed', 'undefine-mdev skipped'],
      failures: [`start-mdev me.phyllo.Vgpu1.Error.${code}`],
    });
    expect(await hostState()).toEqual(before);
  });

  it('because the device is busy is told as that', async () => {
    expect((await create('held')).stderr).toBe('');
    await host.control({ command: 'busy', uuid });
    const { stderr } = await gdbus(vgpuPath, `${interfaces.vgpu}.Stop`, ["{'operation_id': <'busy'>}"]);
    await host.control({ command: 'free', uuid });
    expect(stderr).toContain(`me.phyllo.Vgpu1.Error.DeviceBusy: vGPU ${uuid} could not be stopped: it is in use`);
    await reaches('busy', 'failed');
    expect(operation('busy')?.failures).toEqual(['stop-mdev me.phyllo.Vgpu1.Error.DeviceBusy']);
    expect((await host.kernelState()).mdevs).toMatchObject([{ uuid }]);
  });
});

/** A stored vGPU that is not active. */
async function define(): Promise<void> {
  await machine.define();
  await mirror.until('the definition', () => mirror.objects.has(vgpuPath));
}

describe('while a password dialog is open', () => {
  let client: DesktopClient;
  let agent: PolkitAgent;

  beforeEach(async () => {
    client = await DesktopClient.start(host, 'nobody');
    agent = await PolkitAgent.register(host.systemBusAddress, client.subject);
  });

  afterEach(async () => {
    agent?.[Symbol.dispose]();
    await client?.leave();
  });

  const createAs = (id: string, timeoutMs?: number) =>
    client.call(gpuPath, interfaces.gpu, 'CreateVgpu', `(${transient(id).text})`, timeoutMs);
  const callWith = (id: string, path: string, interfaceName: string, method: string, before = '') =>
    client.call(path, interfaceName, method, `(${before}{'operation_id': <'${id}'>}${before === '' ? ',' : ''})`);

  /** The dialog, when its operation is there for all to see. */
  const openDialog = async (id: string) => {
    const dialog = await agent.dialog();
    await reaches(id, 'waiting-for-authorization');
    return dialog;
  };

  it('the operation waits, also longer than its caller, who finds it afterwards', async () => {
    const gaveUp = await createAs('patient', 200);
    expect(gaveUp.error).toBe('Timeout');
    const dialog = await openDialog('patient');
    expect(dialog.action).toBe('me.phyllo.vgpu1.manage-vgpus');
    // polkit has put in what it was told.
    expect(dialog.message).toContain(`the vGPU ${uuid} on ${parent}`);
    expect(operation('patient')).toMatchObject({
      State: 'waiting-for-authorization',
      CallerUid: uidOfNobody,
      Kind: 'Gpu.CreateVgpu',
      Target: gpuPath,
      steps: [],
    });
    expect((await host.kernelState()).mdevs).toEqual([]);
    await dialog.grant();
    await reaches('patient', 'done');
    expect((await host.kernelState()).mdevs).toMatchObject([{ uuid }]);
    expect(await createAs('patient')).toEqual({ reply: `('${vgpuPath}',)` });
    expect(agent.count).toBe(1);
  });

  it('a no is a no', async () => {
    const before = await hostState();
    const refused = createAs('refused');
    (await openDialog('refused')).deny();
    expect((await refused).error).toBe(notAuthorized);
    expect(operation('refused')).toMatchObject({ State: 'failed', ErrorName: notAuthorized, steps: [] });
    expect(await hostState()).toEqual(before);
  });

  it('Cancel closes it', async () => {
    const before = await hostState();
    const result = createAs('cancelled');
    const dialog = await openDialog('cancelled');
    await using second = await DesktopClient.start(host, 'nobody');
    // Another connection of the same user needs no grant.
    expect(await second.call(pathOf('cancelled'), interfaces.operation, 'Cancel', '(@a{sv} {},)')).toEqual({
      reply: '()',
    });
    await agent.cancelled(dialog);
    expect((await result).error).toBe('me.phyllo.Vgpu1.Error.RolledBack');
    expect(state('cancelled')).toBe('rolled-back');
    expect(await hostState()).toEqual(before);
  });

  it('a caller who leaves closes it, and nothing is done', async () => {
    const before = await hostState();
    void createAs('left');
    const dialog = await openDialog('left');
    await client.leave();
    await agent.cancelled(dialog);
    await reaches('left', 'failed');
    expect(operation('left')).toMatchObject({ ErrorName: 'me.phyllo.Vgpu1.Error.Unavailable', steps: [] });
    expect(await hostState()).toEqual(before);
  });

  it('a caller who leaves refuses nobody who has asked for the same: he is asked himself', async () => {
    void createAs('joined');
    const dialog = await openDialog('joined');
    await using second = await DesktopClient.start(host, 'nobody');
    using secondAgent = await PolkitAgent.register(host.systemBusAddress, second.subject);
    const again = second.call(gpuPath, interfaces.gpu, 'CreateVgpu', `(${transient('joined').text})`);
    // Its own call comes after the first one of the same connection.
    await second.call(managerPath, interfaces.manager, 'FindVgpus', `('${uuid}',)`);
    expect(secondAgent.count).toBe(0);
    await client.leave();
    await agent.cancelled(dialog);
    await (await secondAgent.dialog()).grant();
    expect(await again).toEqual({ reply: `('${vgpuPath}',)` });
    expect((await host.kernelState()).mdevs).toMatchObject([{ uuid }]);
  });

  it('the vGPU can be undefined: it is not found afterwards', async () => {
    await define();
    const result = callWith('gone', vgpuPath, interfaces.vgpu, 'Start');
    const dialog = await agent.dialog();
    await run(host, 'mdevctl', ['undefine', '-u', uuid, '-p', parent]);
    await mirror.until('the end', () => !mirror.objects.has(vgpuPath));
    const before = await hostState();
    await dialog.grant();
    expect((await result).error).toBe('me.phyllo.Vgpu1.Error.NotFound');
    expect(operation('gone')).toMatchObject({ State: 'failed', steps: [] });
    expect(await hostState()).toEqual(before);
  });

  it('the vGPU can be started by others: it is not started again', async () => {
    await define();
    const result = callWith('started', vgpuPath, interfaces.vgpu, 'Start');
    const dialog = await agent.dialog();
    await run(host, 'mdevctl', ['start', '-u', uuid, '-p', parent]);
    await mirror.until('the start', () => mirror.value(vgpuPath, interfaces.vgpu, 'Active') === true);
    const before = await hostState();
    await dialog.grant();
    expect((await result).error).toBe('me.phyllo.Vgpu1.Error.InvalidState');
    expect(await hostState()).toEqual(before);
  });

  it('of somebody who takes 40 s the machine can be replaced under the same name: the new one is left alone', async () => {
    await define();
    const xml = await run(host, 'virsh', ['dumpxml', '--inactive', 'phyllome']);
    const result = callWith('replaced', domainPath, interfaces.domain, 'AssignVgpu', `objectpath '${vgpuPath}', `);
    const dialog = await agent.dialog();
    expect(dialog.action).toBe('me.phyllo.vgpu1.assign');
    try {
      await run(host, 'virsh', ['undefine', 'phyllome']);
      await run(host, 'virsh', ['define', '/dev/stdin'], {
        input: xml.replace(/<uuid>[^<]*<\/uuid>/, `<uuid>${other}</uuid>`),
      });
      await mirror.until('the end', () => !mirror.objects.has(domainPath));
      const before = await hostState();
      const granted = dialog.grant(slowMs);
      // GDBus waits 25 s for an answer.
      expect((await result).error).toBe('Timeout');
      expect(state('replaced')).toBe('waiting-for-authorization');
      await granted;
      await reaches('replaced', 'failed');
      const notFound = 'me.phyllo.Vgpu1.Error.NotFound';
      expect(operation('replaced')).toMatchObject({ ErrorName: notFound, steps: [] });
      expect(await hostState()).toEqual(before);
    } finally {
      await host.exec('virsh', ['undefine', other]);
      await run(host, 'virsh', ['define', '/dev/stdin'], { input: xml });
      await mirror.until('the machine', () => mirror.objects.has(domainPath));
    }
  }, 120_000);

  it('polkit can end: nothing is granted', async () => {
    const before = await hostState();
    const result = createAs('orphaned');
    await openDialog('orphaned');
    await host.killService('polkit');
    expect((await result).error).toBe(notAuthorized);
    expect(operation('orphaned')).toMatchObject({ State: 'failed', ErrorName: notAuthorized, steps: [] });
    expect(await hostState()).toEqual(before);
  });
});
