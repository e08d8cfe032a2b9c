// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '../../errors.js';
import type { Domain, DomainDevices, Hostdev, Video } from '../../model/domain.js';
import type { DomainEdit } from '../../model/domain-edit.js';

/** The stored definition of a domain that has one. @throws DeviceError InvalidState for a transient domain */
export function storedDevices(domain: Domain): DomainDevices {
  if (domain.persistent && domain.inactive !== undefined) return domain.inactive;
  throw new DeviceError('InvalidState', `domain ${domain.name} is transient`);
}

/** The domain after the edits; the argument stays as it is. @throws DeviceError AlreadyExists, NotFound */
export function applyEdits(domain: Domain, edits: readonly DomainEdit[]): Domain {
  let stored = storedDevices(domain);
  let { rememberedVideos } = domain;
  for (const edit of edits) {
    switch (edit.kind) {
      case 'add-mdev-hostdev':
        if (stored.hostdevs.some((hostdev) => isMdev(hostdev, edit.hostdev.uuid))) {
          throw new DeviceError('AlreadyExists', `vGPU ${edit.hostdev.uuid} is assigned to ${domain.name} already`);
        }
        stored = { ...stored, hostdevs: [...stored.hostdevs, edit.hostdev] };
        break;
      case 'remove-mdev-hostdev':
        if (!stored.hostdevs.some((hostdev) => isMdev(hostdev, edit.uuid))) {
          throw new DeviceError('NotFound', `vGPU ${edit.uuid} is not assigned to ${domain.name}`);
        }
        stored = { ...stored, hostdevs: stored.hostdevs.filter((hostdev) => !isMdev(hostdev, edit.uuid)) };
        break;
      case 'set-video-none':
        stored = { ...stored, videos: [{ model: 'none', primary: false, heads: undefined, vramKiB: undefined }] };
        break;
      case 'set-videos':
        requireWritable(edit.videos);
        stored = { ...stored, videos: edit.videos };
        break;
      case 'remember-videos':
        requireWritable(edit.videos ?? []);
        rememberedVideos = edit.videos;
        break;
    }
  }
  return { ...domain, inactive: stored, rememberedVideos };
}

/** The stored definition as lines of text in a fixed form, with what the model knows of it. */
export function renderDocument(domain: Domain): readonly string[] {
  const devices = storedDevices(domain);
  return [
    '<domain>',
    `  <name>${domain.name}</name>`,
    `  <uuid>${domain.uuid}</uuid>`,
    `  <title>${domain.title}</title>`,
    ...(domain.rememberedVideos === undefined
      ? []
      : ['  <metadata>', ...domain.rememberedVideos.map((video) => `    ${renderVideo(video)}`), '  </metadata>']),
    '  <devices>',
    ...(devices.console === undefined ? [] : [`    <console type='${devices.console.type}'/>`]),
    ...devices.graphics.map(({ type, gl }) => `    <graphics type='${type}'><gl enable='${yesNo(gl)}'/></graphics>`),
    ...devices.videos.map((video) => `    ${renderVideo(video)}`),
    ...devices.hostdevs.flatMap(renderHostdev),
    '  </devices>',
    '</domain>',
  ];
}

function requireWritable(videos: readonly Video[]): void {
  const elements = videos.flatMap((video) => video.unsupported ?? []);
  if (elements.length === 0) return;
  throw new DeviceError('NotSupported', `a video device with ${elements.join(', ')} cannot be written again`);
}

function renderVideo({ model, ...settings }: Video): string {
  const present = Object.entries(settings).filter(
    ([name, value]) => value !== undefined && !(name === 'primary' && value === false),
  );
  const attributes = [` type='${model}'`, ...present.map(([name, value]) => ` ${name}='${String(value)}'`)];
  return `<video><model${attributes.join('')}/></video>`;
}

function renderHostdev(hostdev: Hostdev): readonly string[] {
  if (hostdev.kind === 'pci') {
    return [
      `    <hostdev mode='subsystem' type='pci' managed='${yesNo(hostdev.managed)}'>`,
      `      <source><address>${hostdev.address}</address></source>`,
      '    </hostdev>',
    ];
  }
  const display = `display='${onOff(hostdev.display)}' ramfb='${onOff(hostdev.ramfb)}'`;
  return [
    `    <hostdev mode='subsystem' type='mdev' managed='no' model='${hostdev.model}' ${display}>`,
    `      <source><address uuid='${hostdev.uuid}'/></source>`,
    '    </hostdev>',
  ];
}

/** QEMU's arguments for the stored definition, as far as the model knows it; JSON devices as libvirt writes them. */
export function renderNativeCommand(domain: Domain): readonly string[] {
  const hostdevs = storedDevices(domain).hostdevs.flatMap((hostdev, index) => {
    const id = `hostdev${index}`;
    const device =
      hostdev.kind === 'mdev'
        ? {
            driver: hostdev.model,
            id,
            sysfsdev: `/sys/bus/mdev/devices/${hostdev.uuid}`,
            display: onOff(hostdev.display),
            ramfb: hostdev.ramfb,
          }
        : { driver: 'vfio-pci', id, host: hostdev.address };
    return ['-device', JSON.stringify(device)];
  });
  return ['/usr/bin/qemu-system-x86_64', '-name', `guest=${domain.name}`, '-uuid', domain.uuid, ...hostdevs];
}

function isMdev(hostdev: Hostdev, uuid: string): boolean {
  return hostdev.kind === 'mdev' && hostdev.uuid === uuid;
}

function yesNo(value: boolean): string {
  return value ? 'yes' : 'no';
}

function onOff(value: boolean): string {
  return value ? 'on' : 'off';
}
