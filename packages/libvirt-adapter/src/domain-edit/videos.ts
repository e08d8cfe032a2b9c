// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Video } from '@vgpu/core';
import { attribute, descend, elements, localName, namespaceOf, type XmlElement } from '../xml/document.js';
import { toVideo, videoFields, writeVideoFields } from '../xml/video.js';
import { newElement, type NewElement } from './splice.js';

/** The namespace of what this service keeps in a domain's metadata. */
export const metadataNamespace = 'https://phyllo.me/vgpu/1';

const maxVideos = 16;

/** @throws DeviceError NotSupported for what cannot be written again; InvalidArgument for a value libvirt does not know */
export function formatVideo(video: Video): NewElement {
  const written = writeVideoFields(video);
  const build = (path: string): NewElement | undefined => {
    const own = written.filter(([{ element }]) => element === path);
    const inside = new Set(written.flatMap(([{ element }]) => (element.startsWith(`${path}/`) ? [element] : [])));
    const children = [...inside].flatMap((element) => build(element) ?? []);
    if (own.length === 0 && children.length === 0) return undefined;
    const attributes = Object.fromEntries(own.map(([{ attribute: name }, text]) => [name, text]));
    return newElement(path.slice(path.lastIndexOf('/') + 1), attributes, children);
  };
  return newElement(
    'video',
    {},
    ['driver', 'model', 'alias', 'acpi'].flatMap((element) => build(element) ?? []),
  );
}

/** Our metadata element, which remembers videos; an empty list says that there were none. */
export function formatRememberedVideos(videos: readonly Video[]): NewElement {
  const remembered = videos.map((video) =>
    newElement('vgpu:video', Object.fromEntries(writeVideoFields(video).map(([{ flat }, text]) => [flat, text]))),
  );
  return newElement('vgpu:domain', { 'xmlns:vgpu': metadataNamespace }, [newElement('vgpu:videos', {}, remembered)]);
}

/** Our element in the domain's metadata. */
export function findOurMetadata(domain: XmlElement): XmlElement | undefined {
  const metadata = descend(domain, 'metadata');
  if (metadata === undefined) return undefined;
  return elements(metadata).find((element) => namespaceOf(element, metadata, domain) === metadataNamespace);
}

/**
 * The videos that were remembered, none or more; undefined when nothing is. Metadata comes with imported domains from
 * anywhere: a list that holds anything but videos in libvirt's own words tells nothing.
 */
export function readRememberedVideos(domain: XmlElement): readonly Video[] | undefined {
  const list = elements(findOurMetadata(domain)).find((element) => localName(element) === 'videos');
  const remembered = elements(list);
  if (list === undefined || remembered.length > maxVideos) return undefined;
  const videos = remembered.flatMap((element) => readRememberedVideo(element) ?? []);
  return videos.length === remembered.length ? videos : undefined;
}

function readRememberedVideo(element: XmlElement): Video | undefined {
  if (localName(element) !== 'video' || elements(element).length > 0) return undefined;
  const values = new Map<string, string | number | boolean>();
  for (const name of element.attributes.keys()) {
    const known = videoFields.find(({ flat }) => flat === name);
    const value = known?.kind.read(attribute(element, name) ?? '');
    if (known === undefined || value === undefined) return undefined;
    values.set(known.key, value);
  }
  return toVideo(values);
}
