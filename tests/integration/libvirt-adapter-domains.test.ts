// SPDX-License-Identifier: LGPL-2.1-or-later
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  executePlan,
  parseParentName,
  parseUuid,
  planAssignVgpu,
  planStartDomain,
  planUnassignVgpu,
  readInventory,
  type Domain,
  type DomainEdit,
  type ParentName,
  type Uuid,
} from '@vgpu/core';
import { nextChange, startAdapterHost, type AdapterHost } from './adapter-host.js';

/** A domain of the host file with a VNC password. */
const server = parseUuid('b5a0c8de-52cf-4d0f-8a4e-0a6a8b6f7d22');
const uuid = parseUuid('7686131b-b229-4768-a02c-35d1dbed7c66');
const edits: readonly DomainEdit[] = [
  { kind: 'add-mdev-hostdev', hostdev: { kind: 'mdev', uuid, model: 'vfio-pci', display: false, ramfb: false } },
  { kind: 'set-video-none' },
];

let adapter: AdapterHost;

beforeEach(async () => {
  adapter = await startAdapterHost('seed-page');
});
afterEach(async () => {
  await adapter[Symbol.asyncDispose]();
});

async function find(domain: Uuid = server): Promise<Domain | undefined> {
  return (await adapter.ports.domains.list()).find((candidate) => candidate.uuid === domain);
}

function storedXml(): Promise<string> {
  return adapter.run('virsh', 'dumpxml', '--inactive', '--security-info', 'server');
}

/** Defines the domain again with another document. */
async function defineServer(change: (xml: string) => string): Promise<void> {
  const input = change(await storedXml());
  const { status, stderr } = await adapter.host.exec('virsh', ['define', '/dev/stdin'], { input });
  if (status !== 0) throw new Error(stderr);
}

/** Stores the vGPU; returns its parent. */
async function defineVgpu(): Promise<ParentName> {
  const { nodeDevices } = adapter.ports;
  const [parent] = (await nodeDevices.list()).parents;
  const typeId = parent?.types[0]?.typeId;
  if (parent === undefined || typeId === undefined) throw new Error('the host has no type');
  await nodeDevices.define({ uuid, parent: parent.name, typeId, attributes: [] });
  return parent.name;
}

/** libvirt chooses it again. */
function withoutVideoAddress(xml: string): string {
  return xml.replace(/(<video>[^]*?)\n *<address [^>]*>(\s*<\/video>)/g, '$1$2');
}

describe('an edit', () => {
  it('keeps the VNC password, which is not in the diff', async () => {
    const { domains } = adapter.ports;
    const before = await storedXml();
    expect(before).toContain("passwd='s3cret'");
    const preview = await domains.preview(server, edits);
    expect(preview.diff).toContain(`+        <address uuid='${uuid}'/>`);
    expect(preview.diff).not.toContain('s3cret');
    await domains.apply(preview, edits);
    expect(await storedXml()).toContain("passwd='s3cret'");
  });

  it('and its opposite leave libvirt with the document it had', async () => {
    const { domains } = adapter.ports;
    const before = await storedXml();
    const videos = (await find())?.inactive?.videos ?? [];
    const there: DomainEdit[] = [...edits, { kind: 'remember-videos', videos }];
    await domains.apply(await domains.preview(server, there), there);
    expect((await find())?.rememberedVideos).toEqual(videos);
    const back: DomainEdit[] = [
      { kind: 'remove-mdev-hostdev', uuid },
      { kind: 'set-videos', videos },
      { kind: 'remember-videos', videos: undefined },
    ];
    await domains.apply(await domains.preview(server, back), back);
    expect(await storedXml()).toBe(before);
  });

  it.each([
    [
      'qxl with all its memories',
      "<model type='qxl' ram='131072' vram='131072' vram64='262144' vgamem='32768' heads='2' primary='yes'><resolution x='1920' y='1080'/></model><alias name='ua-screen'/>",
    ],
    [
      'virtio with options',
      "<driver name='qemu' iommu='on' ats='on' packed='on' page_per_vq='on'/><model type='virtio' heads='4' primary='yes' blob='off'><acceleration accel3d='no'/><resolution x='800' y='600'/></model><acpi index='5'/>",
    ],
    ['vga with its console', "<driver vgaconf='on'/><model type='vga' vram='32768' heads='1' primary='yes'/>"],
    ['two', "<model type='virtio' heads='1' primary='yes'/></video><video><model type='qxl' heads='1'/>"],
  ])('to assign, and one to unassign, leave %s as it was but for the address', async (_what, video) => {
    const { ports } = adapter;
    const parent = await defineVgpu();
    await defineServer((xml) => xml.replace(/<video>[^]*?<\/video>/, `<video>${video}</video>`));
    const before = await storedXml();
    await executePlan(planAssignVgpu(await readInventory(ports), { uuid, parent }, server), ports);
    expect(await storedXml()).toContain("<model type='none'/>");
    await executePlan(planUnassignVgpu(await readInventory(ports), { uuid }, server), ports);
    expect(withoutVideoAddress(await storedXml())).toBe(withoutVideoAddress(before));
  });

  it('to assign, and one to unassign, leave a domain without any video without one', async () => {
    const { ports } = adapter;
    const parent = await defineVgpu();
    await defineServer((xml) => xml.replace(/<video>[^]*?<\/video>/, '').replace(/<graphics[^]*?<\/graphics>/, ''));
    const before = await storedXml();
    expect(before).not.toContain('<video>');
    await executePlan(planAssignVgpu(await readInventory(ports), { uuid, parent }, server), ports);
    await executePlan(planUnassignVgpu(await readInventory(ports), { uuid }, server), ports);
    expect(await storedXml()).toBe(before);
  });

  it('to assign is refused, and nothing changes, where a video device could not be brought back', async () => {
    const { ports } = adapter;
    const parent = await defineVgpu();
    const video =
      "<driver name='vhostuser'/><model type='virtio' heads='1' primary='yes'><acceleration accel3d='yes' rendernode='/dev/dri/renderD128'/></model>";
    await defineServer((xml) => xml.replace(/<video>[^]*?<\/video>/, `<video>${video}</video>`));
    const before = await storedXml();
    const inventory = await readInventory(ports);
    expect(() => planAssignVgpu(inventory, { uuid, parent }, server)).toThrow(
      expect.objectContaining({ code: 'NotSupported', message: expect.stringContaining('@rendernode') }),
    );
    await expect(
      ports.domains.preview(server, [{ kind: 'remember-videos', videos: (await find())?.inactive?.videos }]),
    ).rejects.toMatchObject({ code: 'NotSupported' });
    expect(await storedXml()).toBe(before);
  });

  it('is refused when somebody else changed the definition after the preview, and theirs stays', async () => {
    const { domains } = adapter.ports;
    const preview = await domains.preview(server, edits);
    await adapter.run('virsh', 'desc', 'server', '--config', '--title', 'renamed');
    const theirs = await storedXml();
    await expect(domains.apply(preview, edits)).rejects.toMatchObject({ code: 'InvalidState' });
    expect(await storedXml()).toBe(theirs);
    expect((await find())?.title).toBe('renamed');
    await domains.apply(await domains.preview(server, edits), edits);
    expect((await find())?.title).toBe('renamed');
  });

  it('is refused while a saved state exists, which would bring the old devices back', async () => {
    await adapter.run('virsh', 'start', 'server');
    await adapter.run('virsh', 'managedsave', 'server');
    expect(await find()).toMatchObject({ hasManagedSave: true, state: 'shut-off' });
    await expect(adapter.ports.domains.preview(server, edits)).rejects.toMatchObject({ code: 'InvalidState' });
  });

  it('of a transient domain is refused', async () => {
    const { domains } = adapter.ports;
    await adapter.run('virsh', 'start', 'server');
    await adapter.run('virsh', 'undefine', 'server');
    expect(await find()).toMatchObject({ persistent: false, inactive: undefined, state: 'running' });
    await expect(domains.preview(server, edits)).rejects.toMatchObject({ code: 'InvalidState' });
    await expect(domains.nativeCommand(server)).rejects.toMatchObject({ code: 'InvalidState' });
    await domains.forceOff(server);
    expect(await find()).toBeUndefined();
  });

  it('of a running domain changes only what is stored', async () => {
    const { domains } = adapter.ports;
    await domains.start(server);
    await domains.apply(await domains.preview(server, edits), edits);
    const domain = await find();
    expect(domain?.active?.hostdevs).toEqual([]);
    expect(domain?.active?.videos[0]?.model).toBe('vga');
    expect(domain?.inactive?.hostdevs).toHaveLength(1);
    expect(domain?.inactive?.videos[0]?.model).toBe('none');
    await domains.forceOff(server);
  });
});

describe('power', () => {
  it('start, its console, and force-off', async () => {
    const { domains } = adapter.ports;
    await nextChange(adapter.ports, () => domains.start(server));
    const running = await find();
    expect(running).toMatchObject({ state: 'running', inactive: { console: { type: 'pty', path: undefined } } });
    expect(running?.active?.console).toEqual({ type: 'pty', path: expect.stringMatching(/^\/dev\/pts\/\d+$/) });
    await expect(domains.start(server)).rejects.toMatchObject({ code: 'InvalidState' });
    await domains.shutdown(server);
    await nextChange(adapter.ports, () => domains.forceOff(server));
    expect(await find()).toMatchObject({ state: 'shut-off', active: undefined });
  });

  it('a saved state goes on with the devices it had, and starts no vGPU of the stored definition', async () => {
    const { ports } = adapter;
    const parent = await defineVgpu();
    await adapter.run('virsh', 'start', 'server');
    await adapter.run('virsh', 'managedsave', 'server');
    const hostdev = `<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source><address uuid='${uuid}'/></source></hostdev>`;
    await defineServer((xml) => xml.replace('</devices>', `${hostdev}</devices>`));
    const plan = planStartDomain(await readInventory(ports), server);
    expect(plan.steps.map((step) => step.id)).toEqual(['start-domain', 'note-saved-state']);
    await executePlan(plan, ports);
    expect(await find()).toMatchObject({ state: 'running', hasManagedSave: false, active: { hostdevs: [] } });
    expect((await ports.nodeDevices.list()).mdevs).toMatchObject([{ uuid, parent, active: false }]);
  });

  it('start with a vGPU that is not active: InvalidState names it', async () => {
    const { domains, nodeDevices } = adapter.ports;
    await domains.apply(await domains.preview(server, edits), edits);
    await expect(domains.start(server)).rejects.toMatchObject({ code: 'InvalidState', details: { uuid } });
    const parent = parseParentName('0000:00:02.0');
    const { typeId } = (await nodeDevices.list()).parents[0]?.types[0] ?? {};
    if (typeId === undefined) throw new Error('the host has no type');
    await nodeDevices.define({ uuid, parent, typeId, attributes: [] });
    await expect(domains.start(server)).rejects.toMatchObject({ code: 'InvalidState', details: { uuid } });
    expect(await find()).toMatchObject({ state: 'shut-off' });
  });
});

describe('changes behind the service’s back are told', () => {
  it('virsh define, start, destroy, undefine, metadata', async () => {
    const { ports, run } = adapter;
    await nextChange(ports, () => run('virsh', 'start', 'server'));
    await nextChange(ports, () => run('virsh', 'destroy', 'server'));
    await nextChange(ports, () => run('virsh', 'desc', 'server', '--config', '--title', 'x'));
    await nextChange(ports, () => run('virsh', 'undefine', 'server'));
    await vi.waitFor(async () => expect(await find()).toBeUndefined(), 10_000);
  });
});

it('the native command is split into QEMU’s arguments', async () => {
  const [program, ...args] = await adapter.ports.domains.nativeCommand(server);
  expect(program).toBe('/usr/bin/qemu-system-x86_64');
  expect(args.slice(0, 2)).toEqual(['-name', 'guest=server,debug-threads=on']);
  expect(args).toContain('-nodefaults');
  for (const argument of args.filter((text) => text.startsWith('{'))) expect(() => JSON.parse(argument)).not.toThrow();
});
