// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError, type Video } from '@vgpu/core';
import { attribute, descend, elements, localName, namespaceOf, type XmlElement } from '../xml/document.js';
import { toInteger } from '../xml/numbers.js';
import { newElement, type NewElement } from './splice.js';

/** The namespace of what this service keeps in a domain's metadata. */
export const metadataNamespace = 'https://phyllo.me/vgpu/1';

/** Values of `<model type>` (libvirt: formatdomain.html, video devices). */
const models: ReadonlySet<string> = new Set([
  'bochs',
  'cirrus',
  'gop',
  'none',
  'parallels',
  'qxl',
  'ramfb',
  'vbox',
  'vga',
  'virtio',
  'vmvga',
  'xen',
]);
const maxHeads = 64;
const maxVramKiB = 16 * 1024 * 1024;
const maxVideos = 16;

/** @throws DeviceError InvalidArgument for a model or a number that libvirt does not know. */
export function formatVideo(video: Video): NewElement {
  if (!isSound(video)) {
    throw new DeviceError(
      'InvalidArgument',
      `${JSON.stringify(video.model)} is not a video device that can be written`,
    );
  }
  return newElement('video', {}, [newElement('model', { type: video.model, ...fields(video) })]);
}

/** Our metadata element, which remembers videos. */
export function formatRememberedVideos(videos: readonly Video[]): NewElement {
  const remembered = videos.map((video) => {
    formatVideo(video);
    return newElement('vgpu:video', { model: video.model, ...fields(video) });
  });
  return newElement('vgpu:domain', { 'xmlns:vgpu': metadataNamespace }, [newElement('vgpu:videos', {}, remembered)]);
}

/** Our element in the domain's metadata. */
export function findOurMetadata(domain: XmlElement): XmlElement | undefined {
  const metadata = descend(domain, 'metadata');
  if (metadata === undefined) return undefined;
  return elements(metadata).find((element) => namespaceOf(element, metadata, domain) === metadataNamespace);
}

/**
 * The videos that were remembered; undefined when there are none.
 * Metadata comes with imported domains from anywhere: what is no video by libvirt's own words is left out.
 */
export function readRememberedVideos(domain: XmlElement): readonly Video[] | undefined {
  const list = elements(findOurMetadata(domain)).find((element) => localName(element) === 'videos');
  if (list === undefined) return undefined;
  return elements(list)
    .filter((element) => localName(element) === 'video')
    .slice(0, maxVideos)
    .map((element) => ({
      model: attribute(element, 'model') ?? '',
      primary: attribute(element, 'primary') === 'yes',
      heads: toInteger(attribute(element, 'heads')),
      vramKiB: toInteger(attribute(element, 'vram')),
    }))
    .filter((video) => isSound(video));
}

function fields(video: Video): Record<string, string | undefined> {
  return {
    vram: video.vramKiB?.toString(),
    heads: video.heads?.toString(),
    primary: video.primary ? 'yes' : undefined,
  };
}

function isSound(video: Video): boolean {
  return models.has(video.model) && isCount(video.heads, maxHeads) && isCount(video.vramKiB, maxVramKiB);
}

function isCount(value: number | undefined, maximum: number): boolean {
  return value === undefined || (Number.isInteger(value) && value >= 0 && value <= maximum);
}
