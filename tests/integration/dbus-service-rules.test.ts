// SPDX-License-Identifier: LGPL-2.1-or-later
// What an administrator's polkit rules grant by the details of a call.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { interfaces } from '@vgpu/dbus-service/protocol';
import { startEmulatedHost, type EmulatedHost } from '../emulated-host/index.js';
import { eventually } from '../emulated-host/testing.js';
import { domainPath as phyllome, gpuPath as gpu, uuid, vgpuPath as vgpu } from './seed-page.js';

const server = '/me/phyllo/Vgpu1/domain/b5a0c8de_52cf_4d0f_8a4e_0a6a8b6f7d22';
const lookAlikeUuid = 'a1b2c3d4-0000-4000-8000-00000000abcd';
const lookAlike = '/me/phyllo/Vgpu1/domain/a1b2c3d4_0000_4000_8000_00000000abcd';
const noGrant = /polkit has not granted/;

let host: EmulatedHost;

beforeAll(async () => {
  host = await startEmulatedHost('seed-page', { services: ['bus', 'polkit', 'libvirtd', 'vgpud'] });
  const create = [gpu, interfaces.gpu, 'CreateVgpu', 'sa{sv}', 'i915-GVTg_V5_4', '1', 'uuid', 's', uuid];
  const { stderr } = await busctl(create);
  if (stderr !== '') throw new Error(stderr);
});

afterAll(() => host?.stop());

function busctl(args: readonly string[], user = 'root') {
  return host.exec('busctl', ['call', 'me.phyllo.Vgpu1', ...args], { user });
}

const assign = (domain: string) => [domain, interfaces.domain, 'AssignVgpu', 'oa{sv}', vgpu, '0'];
const call = (path: string, method: string) => [
  path,
  path === vgpu ? interfaces.vgpu : interfaces.domain,
  method,
  'a{sv}',
  '0',
];

/** @param condition JavaScript over `action` and `subject` */
async function withRule(condition: string, act: () => Promise<void>): Promise<void> {
  const rules = '/etc/polkit-1/rules.d/10-test.rules';
  const restart = async () => {
    await host.killService('polkit');
    await host.startService('polkit');
  };
  const input = `polkit.addRule(function (action, subject) { if (${condition}) return polkit.Result.YES; });`;
  await host.exec('mkdir', ['-p', '/etc/polkit-1/rules.d']);
  expect(await host.exec('tee', [rules], { input })).toMatchObject({ status: 0 });
  await restart();
  try {
    await act();
  } finally {
    await host.exec('rm', [rules]);
    await restart();
  }
}

describe('a rule', () => {
  it('lets one do what it says to the machine that it names, and nothing else', async () => {
    const named = "action.lookup('domain.name') == 'phyllome' && action.lookup('vgpu.uuid') == '" + uuid + "'";
    const condition = `action.id == 'me.phyllo.vgpu1.assign' && ${named} && subject.user == 'nobody'`;
    await withRule(condition, async () => {
      expect((await busctl(assign(server), 'nobody')).stderr).toMatch(noGrant);
      expect((await busctl(call(vgpu, 'Stop'), 'nobody')).stderr).toMatch(noGrant);
      expect((await busctl(assign(phyllome), 'nobody')).stdout).toContain('"assign-mdev"');
      const undo = [phyllome, interfaces.domain, 'UnassignVgpu', 'oa{sv}', vgpu, '0'];
      expect((await busctl(undo, 'nobody')).stdout).toContain('"note-videos-restored"');
    });
  });

  it('that names a machine is not for one whose name only looks the same', async () => {
    const document = `<domain type='qemu'><name>server\u200b</name><uuid>${lookAlikeUuid}</uuid>
      <memory unit='MiB'>64</memory><os><type arch='x86_64' machine='q35'>hvm</type></os></domain>`;
    const definition = '/run/look-alike.xml';
    await host.exec('tee', [definition], { input: document });
    expect((await host.exec('virsh', ['define', definition])).stderr).toBe('');
    const name = ['get-property', 'me.phyllo.Vgpu1', lookAlike, interfaces.domain, 'Name'];
    await eventually('it is published', async () =>
      expect((await host.exec('busctl', name)).stdout).toBe('s "server"\n'),
    );
    const ofUser = "action.id == 'me.phyllo.vgpu1.manage-domains' && subject.user == 'nobody'";
    await withRule(`${ofUser} && action.lookup('domain.name') == 'server'`, async () => {
      expect((await busctl(call(lookAlike, 'Start'), 'nobody')).stderr).toMatch(noGrant);
      expect((await busctl(call(server, 'Start'), 'nobody')).stderr).toBe('');
      expect((await busctl(call(server, 'ForceOff'), 'nobody')).stderr).toBe('');
    });
    await withRule(`${ofUser} && action.lookup('domain.uuid') == '${lookAlikeUuid}'`, async () => {
      expect((await busctl(call(lookAlike, 'ForceOff'), 'nobody')).stderr).toContain('is not running');
    });
  });

  it('that lets one start a machine does not let its vGPU be started with it', async () => {
    expect((await busctl(assign(phyllome))).stderr).toBe('');
    expect((await busctl(call(vgpu, 'Stop'))).stderr).toBe('');
    await withRule("action.id == 'me.phyllo.vgpu1.manage-domains' && subject.user == 'nobody'", async () => {
      expect((await busctl(call(phyllome, 'Start'), 'nobody')).stderr).toContain(
        `phyllome may not be started: polkit has not granted me.phyllo.vgpu1.manage-vgpus for vGPU ${uuid}`,
      );
      expect((await host.kernelState()).mdevs).toEqual([]);
      expect((await busctl(call(phyllome, 'ForceOff'), 'nobody')).stderr).toContain('phyllome is not running');
    });
  });
});
