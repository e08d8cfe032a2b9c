// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '../errors.js';
import { quoteText } from '../rules/display-text.js';

declare const brand: unique symbol;

/** Kernel device name of what makes mdevs: a PCI address (`0000:00:02.0`) or another name (`mtty`). */
export type ParentName = string & { readonly [brand]: 'ParentName' };

/** A kind of mdev under a parent: `i915-GVTg_V5_4`. */
export type MdevTypeId = string & { readonly [brand]: 'MdevTypeId' };

/** Stands for the type of an mdev of which nothing names it. */
export const unknownMdevTypeId = 'unknown' as MdevTypeId;

/** Stands for the parent of an mdev of which nothing names it. */
export const unknownParentName = 'unknown' as ParentName;

const parentName = /^[A-Za-z0-9][A-Za-z0-9:._-]{0,127}$/;
const typeId = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/** @throws DeviceError InvalidArgument; a name with a slash, a space or a control character is none. */
export function parseParentName(text: string): ParentName {
  if (!parentName.test(text)) {
    throw new DeviceError('InvalidArgument', `${quoteText(text)} is not a device name like 0000:00:02.0`);
  }
  return text as ParentName;
}

/** @throws DeviceError InvalidArgument; a type with a slash, a space or a control character is none. */
export function parseMdevTypeId(text: string): MdevTypeId {
  if (!typeId.test(text)) {
    throw new DeviceError('InvalidArgument', `${quoteText(text)} is not a vGPU type like i915-GVTg_V5_4`);
  }
  return text as MdevTypeId;
}
