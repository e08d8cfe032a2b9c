// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError, quoteText, type Video } from '@vgpu/core';
import { attribute, elements, type XmlElement } from './document.js';
import { toInteger } from './numbers.js';

/** A value's text in XML and back; undefined for what libvirt would not take. */
interface Kind {
  readonly read: (text: string) => string | number | boolean | undefined;
  readonly write: (value: unknown) => string | undefined;
}

const integer: Kind = {
  read: (text) => toCount(toInteger(text)),
  write: (value) => (typeof value === 'number' ? toCount(value)?.toString() : undefined),
};

function flag(yes: string, no: string): Kind {
  return {
    read: (text) => (text === yes ? true : text === no ? false : undefined),
    write: (value) => (value === true ? yes : value === false ? no : undefined),
  };
}

function matching(pattern: RegExp): Kind {
  return {
    read: (text) => (pattern.test(text) ? text : undefined),
    write: (value) => (typeof value === 'string' && pattern.test(value) ? value : undefined),
  };
}

const yesNo = flag('yes', 'no');
const onOff = flag('on', 'off');
const model = matching(/^(?:bochs|cirrus|gop|none|parallels|qxl|ramfb|vbox|vga|virtio|vmvga|xen)$/);

interface VideoField {
  readonly key: Exclude<keyof Video, 'unsupported'>;
  /** Path below `<video>`. */
  readonly element: string;
  readonly attribute: string;
  readonly kind: Kind;
  /** The attribute's name where all of them stand in one element. */
  readonly flat: string;
}

function field(key: VideoField['key'], element: string, name: string, kind: Kind, flat = name): VideoField {
  return { key, element, attribute: name, kind, flat };
}

/**
 * All of `<video>` in libvirt's schema (domaincommon.rng) but for the address, which libvirt assigns, and the render
 * node, which is a path that libvirt gives to QEMU's user. Each element's attributes in libvirt's order.
 */
export const videoFields: readonly VideoField[] = [
  field('driverName', 'driver', 'name', matching(/^(?:qemu|vhostuser)$/), 'driver'),
  field('vgaconf', 'driver', 'vgaconf', matching(/^(?:io|on|off)$/)),
  field('iommu', 'driver', 'iommu', onOff),
  field('ats', 'driver', 'ats', onOff),
  field('packed', 'driver', 'packed', onOff),
  field('pagePerVq', 'driver', 'page_per_vq', onOff),
  field('model', 'model', 'type', model, 'model'),
  field('ramKiB', 'model', 'ram', integer),
  field('vramKiB', 'model', 'vram', integer),
  field('vram64KiB', 'model', 'vram64', integer),
  field('vgamemKiB', 'model', 'vgamem', integer),
  field('heads', 'model', 'heads', integer),
  field('primary', 'model', 'primary', yesNo),
  field('blob', 'model', 'blob', onOff),
  field('edid', 'model', 'edid', onOff),
  field('accel2d', 'model/acceleration', 'accel2d', yesNo),
  field('accel3d', 'model/acceleration', 'accel3d', yesNo),
  field('width', 'model/resolution', 'x', integer, 'width'),
  field('height', 'model/resolution', 'y', integer, 'height'),
  field('alias', 'alias', 'name', matching(/^ua-[A-Za-z0-9_.-]{1,128}$/), 'alias'),
  field('acpiIndex', 'acpi', 'index', integer, 'acpi_index'),
];

/** A `<video>` element; what has no field is named in `unsupported`. */
export function readVideo(video: XmlElement): Video {
  const values = new Map<string, string | number | boolean>();
  const unsupported: string[] = [];
  const walk = (element: XmlElement, path: string): void => {
    for (const name of element.attributes.keys()) {
      const text = attribute(element, name) ?? '';
      const known = videoFields.find((each) => each.element === path && each.attribute === name);
      const value = known?.kind.read(text);
      if (known !== undefined && value !== undefined) values.set(known.key, value);
      else if (known?.key !== 'alias' || text.startsWith('ua-')) unsupported.push(`${path || 'video'}@${name}`);
    }
    const seen = new Set<string>();
    for (const child of elements(element)) {
      const childPath = path === '' ? child.name : `${path}/${child.name}`;
      if (childPath === 'address') continue;
      const isKnown = videoFields.some((each) => each.element === childPath) && !seen.has(childPath);
      seen.add(childPath);
      if (isKnown) walk(child, childPath);
      else unsupported.push(childPath);
    }
  };
  walk(video, '');
  // A model that is not known is shown as it is, and never written.
  const type = attribute(elements(video, 'model')[0], 'type') ?? '';
  if (type === '') unsupported.push('model@type');
  const known = { ...defaults, ...Object.fromEntries(values), model: type };
  return unsupported.length === 0 ? known : { ...known, unsupported };
}

const defaults: Video = { model: '', primary: false, heads: undefined, vramKiB: undefined };

/** From values that the fields' kinds have read; undefined without a model. */
export function toVideo(values: ReadonlyMap<string, string | number | boolean>): Video | undefined {
  return values.has('model') ? { ...defaults, ...Object.fromEntries(values) } : undefined;
}

/**
 * The text of every field that has a value, in the fields' order.
 * @throws DeviceError NotSupported when the device is more than its fields; InvalidArgument for a value libvirt does not know
 */
export function writeVideoFields(video: Video): readonly (readonly [field: VideoField, text: string])[] {
  if (video.unsupported !== undefined && video.unsupported.length > 0) {
    throw new DeviceError(
      'NotSupported',
      `a video device with ${video.unsupported.join(', ')} cannot be written again`,
      {
        details: { elements: video.unsupported },
      },
    );
  }
  return videoFields.flatMap((each) => {
    const value = video[each.key];
    if (value === undefined || (each.key === 'primary' && value === false)) return [];
    const text = each.kind.write(value);
    if (text === undefined) {
      const shown = typeof value === 'string' ? quoteText(value) : String(value);
      throw new DeviceError('InvalidArgument', `${shown} is no ${each.element}@${each.attribute} of a video device`);
    }
    return [[each, text] as const];
  });
}

/** 32 bits without a sign. */
function toCount(value: number | undefined): number | undefined {
  return value !== undefined && Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff ? value : undefined;
}
