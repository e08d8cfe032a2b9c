// SPDX-License-Identifier: LGPL-2.1-or-later
import { createConnection } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contract, interfaces, managerPath, type ContractMethod } from '@vgpu/dbus-service/protocol';
import { startEmulatedHost, type EmulatedHost, type ExecResult } from '../emulated-host/index.js';
import { domainPath as phyllome, gpuPath as gpu, pciPath as pci, uuid, vgpuPath as vgpu } from './seed-page.js';

const name = 'me.phyllo.Vgpu1';

let host: EmulatedHost;
let made: ExecResult;
/** Of the vGPU that root has made. */
let operation: string;

beforeAll(async () => {
  host = await startEmulatedHost('seed-page', { services: ['bus', 'polkit', 'libvirtd', 'vgpud'] });
  made = await busctl([gpu, interfaces.gpu, 'CreateVgpu', 'sa{sv}', 'i915-GVTg_V5_4', '1', 'uuid', 's', uuid]);
  const { stdout } = await host.exec('busctl', ['tree', '--list', name]);
  operation = /^.*\/operation\/\d+$/m.exec(stdout)?.[0] ?? '';
});

afterAll(() => host?.stop());

function busctl(args: readonly string[], options: { readonly user?: string; readonly flags?: readonly string[] } = {}) {
  const { user, flags = [] } = options;
  return host.exec('busctl', [...flags, 'call', name, ...args], user === undefined ? {} : { user });
}

/** The name of the error that a raw call gets; undefined for an answer. */
async function errorName(args: readonly string[], user = 'root'): Promise<string | undefined> {
  const [path, interfaceName, member, ...values] = args;
  const method = `${interfaceName}.${member}`;
  const flags = ['call', '--system', '--dest', name, '--object-path', path ?? '', '--method', method];
  const { stderr } = await host.exec('gdbus', [...flags, ...values], { user });
  return /^Error: GDBus\.Error:([\w.]+):/.exec(stderr)?.[1];
}

/** What polkit says to vgpud's user about root's process, with a detail. */
function askAsVgpud(action: string): Promise<ExecResult> {
  const args = ['--action-id', action, '--process', '1', '--detail', 'domain_name', 'phyllome'];
  return host.exec('pkcheck', args, { user: 'vgpud' });
}

/** Why a call cannot work whoever makes it, as busctl prints it; undefined where it could. Of Cancel: that it is over. */
async function whyInVain(
  path: string,
  interfaceName: string,
  method: string,
  types: readonly string[],
  values: readonly string[],
): Promise<string | undefined> {
  const typed = types.flatMap((type, index) => [type, values[index] ?? '']);
  const count = String(types.length);
  const asked =
    interfaceName === interfaces.operation
      ? [path, interfaceName, method, ...typed]
      : [managerPath, interfaces.manager, 'Preview', 'ossav', path, interfaceName, method, count, ...typed];
  const { status, stderr } = await busctl(asked);
  return status === 0 ? undefined : stderr;
}

/** Everything a change could touch. */
async function hostState(): Promise<unknown> {
  const commands =
    'find /etc/mdevctl.d -type f -exec cat {} +; for d in $(virsh list --all --name); do virsh dumpxml $d; done';
  const { stdout } = await host.exec('sh', ['-c', commands]);
  return [stdout, await host.kernelState()];
}

/** Every method that takes options and changes something, from the contract. */
const changing = Object.entries(contract).flatMap(([interfaceName, entry]) =>
  Object.entries(entry.methods as Readonly<Record<string, ContractMethod>>).flatMap(([method, spec]) =>
    'auth.no_user_interaction' in spec.options && method !== 'Refresh' ? [{ interfaceName, method, spec }] : [],
  ),
);
const pathByInterface = (): Readonly<Record<string, string>> => ({
  [interfaces.gpu]: gpu,
  [interfaces.vgpu]: vgpu,
  [interfaces.domain]: phyllome,
  [interfaces.operation]: operation,
});
const argumentByType: Readonly<Record<string, string>> = { s: 'i915-GVTg_V5_4', o: vgpu, b: 'true', 'a{sv}': '0' };

describe('root', () => {
  it('may make a vGPU', () => {
    expect(made).toEqual({ status: 0, stdout: `o "${vgpu}"\n`, stderr: '' });
  });
});

describe('without a grant', () => {
  it('there are methods to try', () => {
    expect(changing.length).toBeGreaterThanOrEqual(12);
  });

  it.each(changing)(
    '$interfaceName $method is refused and changes nothing',
    async ({ interfaceName, method, spec }) => {
      const before = await hostState();
      const types = spec.in.map((arg) => arg.type);
      const values = types.map((type) => argumentByType[type] ?? '');
      const path = pathByInterface()[interfaceName] ?? '';
      const call = [path, interfaceName, method, types.join(''), ...values];
      const reason = await whyInVain(path, interfaceName, method, types, values);
      // polkit's default asks for an administrator's password, and nobody is there to type it.
      const dialog = await busctl(call, { user: 'nobody' });
      const silent = await busctl(call, { user: 'nobody', flags: ['--allow-interactive-authorization=no'] });
      expect(dialog.stderr).toMatch(reason ?? /polkit has not granted/);
      expect(silent.stderr).toMatch(reason ?? /interactive authentication required|before somebody authenticates/i);
      expect([dialog.status, silent.status]).toEqual([1, 1]);
      expect(await hostState()).toEqual(before);
    },
  );

  it('the errors have their names', async () => {
    const stop = [vgpu, interfaces.vgpu, 'Stop', '{}'];
    // gdbus does not allow a dialog.
    expect(await errorName(stop, 'nobody')).toBe('org.freedesktop.DBus.Error.InteractiveAuthorizationRequired');
    const { stderr } = await busctl([vgpu, interfaces.vgpu, 'Stop', 'a{sv}', '0'], { user: 'nobody' });
    expect(stderr).toContain(`vGPU ${uuid} may not be stopped: polkit has not granted me.phyllo.vgpu1.manage-vgpus`);
  });

  it('everybody reads, finds, and sees the steps of a preview but no diff', async () => {
    const user = 'nobody';
    const all = ['/me/phyllo/Vgpu1', 'org.freedesktop.DBus.ObjectManager', 'GetManagedObjects'];
    expect((await busctl(all, { user })).status).toBe(0);
    expect(
      (await busctl([managerPath, interfaces.manager, 'FindVgpus', 's', uuid.toUpperCase()], { user })).stdout,
    ).toBe(`ao 1 "${vgpu}"\n`);
    expect((await busctl([managerPath, interfaces.manager, 'Refresh', 'a{sv}', '0'], { user })).status).toBe(0);
    const preview = [managerPath, interfaces.manager, 'Preview', 'ossav', phyllome, interfaces.domain, 'AssignVgpu'];
    const args = [...preview, '2', 'o', vgpu, 'a{sv}', '0'];
    const unknown = await busctl(args, { user });
    expect(unknown.stdout).toMatch(
      /^saa\{sv\} "" \d .*"assign-mdev".*"note-diff-withheld".*"me\.phyllo\.vgpu1\.assign"/,
    );
    const granted = await busctl(args);
    expect(granted.stdout).toContain('+    <hostdev mode=');
    expect(granted.stdout).not.toContain('note-diff-withheld');
    expect((await host.exec('virsh', ['dumpxml', 'phyllome'])).stdout).not.toContain('hostdev');
  });

  // Decision 8: when this changes, Preview can show its diff to whom libvirt shows the definition.
  it('polkit does not let vgpud ask about libvirt’s actions', async () => {
    expect((await askAsVgpud('org.libvirt.api.domain.read')).stderr).toContain('Only trusted callers');
    expect((await askAsVgpud('me.phyllo.vgpu1.assign')).stderr).toBe('');
  });

  it('nobody else gets the name', async () => {
    const request = ['call', '--system', '--dest', 'org.freedesktop.DBus', '--object-path', '/', '--method'];
    const { stderr } = await host.exec('gdbus', [...request, 'org.freedesktop.DBus.RequestName', name, '2'], {
      user: 'nobody',
    });
    expect(stderr).toContain('org.freedesktop.DBus.Error.AccessDenied');
  });
});

const assign = (domain: string) => [domain, interfaces.domain, 'AssignVgpu', 'oa{sv}', vgpu, '0'];

describe('what goes wrong', () => {
  it('a machine that cannot start is named, and the log says why at the id in the answer', async () => {
    expect((await busctl(assign(phyllome))).stderr).toBe('');
    expect((await busctl([vgpu, interfaces.vgpu, 'Stop', 'a{sv}', '0'])).stderr).toBe('');
    // There is no VFIO here. The vGPU that was started for it is stopped again.
    const { stderr } = await busctl([phyllome, interfaces.domain, 'Start', 'a{sv}', '0']);
    expect(stderr).toContain('phyllome could not be started, and everything before it was undone');
    const [id] = /\[[0-9a-f]{4}\]/.exec(stderr) ?? [];
    expect(host.log('vgpud')).toContain(`${id} phyllome could not be started`);
    expect((await host.kernelState()).mdevs).toEqual([]);
    expect((await busctl([vgpu, interfaces.vgpu, 'Start', 'a{sv}', '0'])).stderr).toBe('');
    expect((await busctl([phyllome, interfaces.domain, 'UnassignVgpu', 'oa{sv}', vgpu, '0'])).stderr).toBe('');
  });

  it('nobody may do anything while polkit does not answer, not even root', async () => {
    // Stopped, not killed: the bus would start it again.
    await host.killService('polkit', 'SIGSTOP');
    try {
      const before = await hostState();
      expect(await errorName([vgpu, interfaces.vgpu, 'Stop', '{}'])).toBe('me.phyllo.Vgpu1.Error.NotAuthorized');
      const { stderr } = await busctl([vgpu, interfaces.vgpu, 'Stop', 'a{sv}', '0']);
      expect(stderr).toContain(`vGPU ${uuid} may not be stopped: polkit gave no answer`);
      expect(await hostState()).toEqual(before);
    } finally {
      await host.killService('polkit', 'SIGCONT');
    }
  });
});

describe('tools of the desktop', () => {
  it('busctl introspects', async () => {
    const { stdout, status } = await host.exec('busctl', ['introspect', '--no-pager', name, vgpu]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^\.Uuid +property +s +"7686131b-b229-4768-a02c-35d1dbed7c66" +const$/m);
    expect(stdout).toMatch(/^\.State +property +s +"active" +emits-change$/m);
    expect(stdout).toMatch(/^\.SetAutostart +method +ba\{sv\} +- +-$/m);
  });

  it('busctl shows the tree', async () => {
    const { stdout } = await host.exec('busctl', ['tree', '--list', '--no-pager', name]);
    expect(stdout.split('\n')).toEqual(expect.arrayContaining([managerPath, gpu, pci, vgpu, phyllome]));
  });

  it('gdbus introspects', async () => {
    const { stdout, status } = await host.exec('gdbus', ['introspect', '--system', '-d', name, '-o', pci]);
    expect(status).toBe(0);
    expect(stdout).toContain('interface me.phyllo.Vgpu1.MdevParent {');
    expect(stdout).toContain("readonly a{su} AvailableInstances = {'i915-GVTg_V5_1': 1");
  });
});

describe('wrong and hostile calls', () => {
  const properties = 'org.freedesktop.DBus.Properties';

  it.each<[string, readonly string[]]>([
    ['me.phyllo.Vgpu1.Error.InvalidArgument', [gpu, interfaces.gpu, 'CreateVgpu', 'x', "{'__proto__': <true>}"]],
    ['me.phyllo.Vgpu1.Error.InvalidArgument', [gpu, interfaces.gpu, 'CreateVgpu', 'x', "{'operation_id': <'a b'>}"]],
    ['me.phyllo.Vgpu1.Error.InvalidArgument', [gpu, interfaces.gpu, 'CreateVgpu', 'x', "{'start': <'yes'>}"]],
    ['me.phyllo.Vgpu1.Error.NotFound', [gpu, interfaces.gpu, 'CreateVgpu', '../../x', '{}']],
    [
      'me.phyllo.Vgpu1.Error.InvalidArgument',
      [gpu, interfaces.gpu, 'CreateVgpu', 'i915-GVTg_V5_4', "{'attributes': <[('/etc/victim','x')]>}"],
    ],
    [
      'me.phyllo.Vgpu1.Error.InvalidArgument',
      [gpu, interfaces.gpu, 'CreateVgpu', 'i915-GVTg_V5_4', "{'uuid': <'7686131b\\n'>}"],
    ],
    ['me.phyllo.Vgpu1.Error.NotFound', [gpu, interfaces.gpu, 'CreateVgpu', 'no-type', '{}']],
    ['me.phyllo.Vgpu1.Error.NotFound', [phyllome, interfaces.domain, 'AssignVgpu', gpu, '{}']],
    ['me.phyllo.Vgpu1.Error.InvalidArgument', [managerPath, interfaces.manager, 'FindVgpus', 'x']],
    ['org.freedesktop.DBus.Error.UnknownObject', [`${vgpu}_`, interfaces.vgpu, 'Stop', '{}']],
    ['org.freedesktop.DBus.Error.UnknownInterface', [pci, interfaces.vgpu, 'Stop', '{}']],
    ['org.freedesktop.DBus.Error.UnknownMethod', [vgpu, interfaces.vgpu, 'Destroy', '{}']],
    ['org.freedesktop.DBus.Error.PropertyReadOnly', [vgpu, properties, 'Set', interfaces.vgpu, 'Active', '<false>']],
    ['org.freedesktop.DBus.Error.UnknownProperty', [vgpu, properties, 'Get', interfaces.vgpu, '__proto__']],
    ['org.freedesktop.DBus.Error.UnknownInterface', [vgpu, properties, 'GetAll', 'toString']],
  ])('%s answers %j', async (error, call) => {
    expect(await errorName(call)).toBe(error);
  });

  it.each<[string, readonly string[]]>([
    ['too few', [gpu, interfaces.gpu, 'CreateVgpu', 's', 'x']],
    ['of other types', [gpu, interfaces.gpu, 'CreateVgpu', 'sa{ss}', 'x', '0']],
    ['too many', [vgpu, interfaces.vgpu, 'Stop', 'a{sv}s', '0', 'x']],
    ['with a bare variant', [vgpu, interfaces.vgpu, 'Stop', 'v', 's', 'x']],
  ])('arguments %s are InvalidArgs', async (_name, call) => {
    const { status, stderr } = await busctl(call);
    expect(status).toBe(1);
    expect(stderr).toMatch(/takes the types/);
  });

  it('a read-only property keeps its value', async () => {
    await errorName([vgpu, properties, 'Set', interfaces.vgpu, 'Active', '<false>']);
    const { stdout } = await host.exec('busctl', ['get-property', name, vgpu, interfaces.vgpu, 'Active']);
    expect(stdout).toBe('b true\n');
  });

  it('survives messages that its library cannot read', async () => {
    const pid = await servicePid();
    const socket = createConnection(`${host.root}/run/dbus/system_bus_socket`);
    try {
      await once(socket, 'connect');
      socket.write(`\0AUTH EXTERNAL ${Buffer.from(String(process.getuid?.())).toString('hex')}\r\n`);
      await once(socket, 'data');
      socket.write('BEGIN\r\n');
      socket.write(message({ member: 'Hello', destination: 'org.freedesktop.DBus', serial: 1 }));
      await once(socket, 'data');
      // A file descriptor that was not sent, and a type of message that nobody has defined.
      const target = { destination: name, path: vgpu, interface: interfaces.vgpu, member: 'Stop' };
      socket.write(message({ ...target, serial: 2, signature: 'h', body: Buffer.alloc(4) }));
      socket.write(message({ ...target, serial: 3, type: 9 }));
      socket.write(message({ ...target, serial: 4, signature: 'x', body: Buffer.alloc(8) }));
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error('no answer to the last message in 5 s')), 5000);
        let received = Buffer.alloc(0);
        socket.on('data', (data: Buffer) => {
          received = Buffer.concat([received, data]);
          if (!received.includes('not "x"')) return;
          clearTimeout(timer);
          resolve();
        });
      });
    } finally {
      socket.destroy();
    }
    expect(await servicePid()).toBe(pid);
    expect(host.log('vgpud')).not.toContain('could not start');
  });
});

async function servicePid(): Promise<string> {
  const daemon = ['call', 'org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus'];
  const { stdout } = await host.exec('busctl', [...daemon, 'GetConnectionUnixProcessID', 's', name]);
  return stdout;
}

interface RawCall {
  readonly destination: string;
  readonly member: string;
  readonly serial: number;
  readonly path?: string;
  readonly interface?: string;
  readonly type?: number;
  readonly signature?: string;
  readonly body?: Buffer;
}

/** A D-Bus message as bytes, little endian (specification, "Message Format"); no library makes wrong ones. */
function message(call: RawCall): Buffer {
  const { destination, member, serial, type = 1, body = Buffer.alloc(0) } = call;
  const path = call.path ?? '/org/freedesktop/DBus';
  const fields: [number, string, string][] = [
    [1, 'o', path],
    [2, 's', call.interface ?? 'org.freedesktop.DBus'],
    [3, 's', member],
    [6, 's', destination],
  ];
  if (call.signature !== undefined) fields.push([8, 'g', call.signature]);
  let encoded = Buffer.alloc(0);
  for (const [code, fieldType, value] of fields) {
    const text = Buffer.from(`${value}\0`);
    const length = fieldType === 'g' ? Buffer.of(value.length) : uint32(value.length);
    encoded = Buffer.concat([pad(encoded), Buffer.of(code, 1), Buffer.from(`${fieldType}\0`), length, text]);
  }
  const start = Buffer.concat([
    Buffer.of(0x6c, type, 0, 1),
    uint32(body.length),
    uint32(serial),
    uint32(encoded.length),
  ]);
  return Buffer.concat([pad(Buffer.concat([start, encoded])), body]);
}

function uint32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value);
  return buffer;
}

function pad(buffer: Buffer): Buffer {
  return Buffer.concat([buffer, Buffer.alloc((8 - (buffer.length % 8)) % 8)]);
}
