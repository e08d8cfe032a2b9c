// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  DeviceError,
  cleanDisplayText,
  quoteText,
  type DomainEdit,
  type MdevHostdev,
  type Uuid,
  type Video,
} from '@vgpu/core';
import { attribute, descend, elements, textOf, type XmlElement } from '../xml/document.js';
import { parseDomain } from '../xml/domain.js';
import { insertAfter, insertFirst, newElement, removeElement, replaceElement, type NewElement } from './splice.js';
import { findOurMetadata, formatRememberedVideos, formatVideo } from './videos.js';

/** What libvirt accepts as `model` of an mdev hostdev. */
const mdevModels: ReadonlySet<string> = new Set(['vfio-pci', 'vfio-ccw', 'vfio-ap']);

/** The order in which libvirt prints devices (virDomainDefFormatInternal), as far as ours need it. */
const deviceOrder = [
  'emulator',
  'disk',
  'controller',
  'lease',
  'filesystem',
  'interface',
  'smartcard',
  'serial',
  'parallel',
  'console',
  'channel',
  'input',
  'tpm',
  'graphics',
  'sound',
  'audio',
  'video',
  'hostdev',
] as const;

/** What libvirt prints before `<metadata>`. */
const beforeMetadata: ReadonlySet<string> = new Set(['name', 'uuid', 'genid', 'title', 'description']);

/**
 * The document with the edits made in their order; every byte that no edit is about stays as it was.
 * @throws DeviceError AlreadyExists, NotFound or InvalidArgument as the edits say; Internal for a document that is no domain.
 */
export function editDomain(xml: string, edits: readonly DomainEdit[]): string {
  return edits.reduce((text, edit) => editOnce(text, edit), xml);
}

function editOnce(text: string, edit: DomainEdit): string {
  const domain = parseDomain(text);
  switch (edit.kind) {
    case 'add-mdev-hostdev':
      return addMdevHostdev(text, domain, edit.hostdev);
    case 'remove-mdev-hostdev':
      return removeMdevHostdev(text, domain, edit.uuid);
    case 'set-video-none':
      return setVideos(text, domain, [{ model: 'none', primary: false, heads: undefined, vramKiB: undefined }]);
    case 'set-videos':
      return setVideos(text, domain, edit.videos);
    case 'remember-videos':
      return rememberVideos(text, domain, edit.videos);
  }
}

function addMdevHostdev(text: string, domain: XmlElement, hostdev: MdevHostdev): string {
  if (findMdevHostdev(domain, hostdev.uuid) !== undefined) {
    throw new DeviceError('AlreadyExists', `${domainName(domain)} has the vGPU ${hostdev.uuid} already`);
  }
  if (!mdevModels.has(hostdev.model)) {
    throw new DeviceError('InvalidArgument', `${quoteText(hostdev.model)} is not a model of a mediated device`);
  }
  return insertDevices(text, domain, 'hostdev', [formatMdevHostdev(hostdev)]);
}

/** libvirt ignores `managed` here; a display and a boot screen exist for vfio-pci only. */
function formatMdevHostdev(hostdev: MdevHostdev): NewElement {
  const { model, display, ramfb, uuid } = hostdev;
  const screen = model === 'vfio-pci' ? { display: display ? 'on' : 'off', ramfb: ramfb ? 'on' : 'off' } : {};
  return newElement('hostdev', { mode: 'subsystem', type: 'mdev', managed: 'no', model, ...screen }, [
    newElement('source', {}, [newElement('address', { uuid })]),
  ]);
}

function removeMdevHostdev(text: string, domain: XmlElement, uuid: Uuid): string {
  const hostdev = findMdevHostdev(domain, uuid);
  if (hostdev === undefined) throw new DeviceError('NotFound', `${domainName(domain)} has no vGPU ${uuid}`);
  return removeElement(text, hostdev);
}

function findMdevHostdev(domain: XmlElement, uuid: Uuid): XmlElement | undefined {
  return elements(descend(domain, 'devices'), 'hostdev').find(
    (hostdev) =>
      attribute(hostdev, 'type') === 'mdev' &&
      attribute(descend(hostdev, 'source', 'address'), 'uuid')?.toLowerCase() === uuid,
  );
}

/** The first video's place is kept; a document that says the same already is not touched. */
function setVideos(text: string, domain: XmlElement, videos: readonly Video[]): string {
  const wanted = videos.map((video) => formatVideo(video));
  const [first, ...others] = elements(descend(domain, 'devices'), 'video');
  if (first === undefined) return wanted.length === 0 ? text : insertDevices(text, domain, 'video', wanted);
  if (others.length === 0 && videos.length === 1 && videos[0]?.model === 'none' && isNone(first)) return text;
  // From the last to the first: the positions before it stay right.
  const trimmed = others.reduceRight((rest, video) => removeElement(rest, video), text);
  return wanted.length === 0 ? removeElement(trimmed, first) : replaceElement(trimmed, first, wanted);
}

function isNone(video: XmlElement): boolean {
  return attribute(descend(video, 'model'), 'type') === 'none';
}

function insertDevices(text: string, domain: XmlElement, name: string, added: readonly NewElement[]): string {
  const devices = descend(domain, 'devices');
  if (devices === undefined)
    throw new DeviceError('Internal', `${domainName(domain)} has no devices in its definition`);
  const order: readonly string[] = deviceOrder;
  const earlier = new Set(order.slice(0, order.indexOf(name) + 1));
  const before = elements(devices).findLast((device) => earlier.has(device.name));
  return before === undefined ? insertFirst(text, devices, added) : insertAfter(text, before, added);
}

function rememberVideos(text: string, domain: XmlElement, videos: readonly Video[] | undefined): string {
  const ours = findOurMetadata(domain);
  const metadata = descend(domain, 'metadata');
  if (videos === undefined) return ours === undefined || metadata === undefined ? text : forget(text, metadata, ours);
  const remembered = formatRememberedVideos(videos);
  if (ours !== undefined) return replaceElement(text, ours, [remembered]);
  const last = elements(metadata).at(-1);
  if (last !== undefined) return insertAfter(text, last, [remembered]);
  if (metadata !== undefined) return insertFirst(text, metadata, [remembered]);
  const added = newElement('metadata', {}, [remembered]);
  const before = elements(domain).findLast((element) => beforeMetadata.has(element.name));
  return before === undefined ? insertFirst(text, domain, [added]) : insertAfter(text, before, [added]);
}

/** A `<metadata>` that held nothing else goes too. */
function forget(text: string, metadata: XmlElement, ours: XmlElement): string {
  const alone = metadata.children.every((node) =>
    node.kind === 'text' ? node.raw.trim() === '' : node.kind === 'element' && node.element === ours,
  );
  return removeElement(text, alone ? metadata : ours);
}

function domainName(domain: XmlElement): string {
  return cleanDisplayText(textOf(descend(domain, 'name')) ?? 'the domain');
}
