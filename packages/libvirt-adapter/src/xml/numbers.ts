// SPDX-License-Identifier: LGPL-2.1-or-later
import { isPciAddress, type PciAddress } from '@vgpu/core';
import { attribute, type XmlElement } from './document.js';

/** A whole number as libvirt prints it, decimal or `0x…`; undefined for anything else. */
export function toInteger(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const trimmed = text.trim();
  if (!/^(?:-?\d{1,15}|0x[0-9A-Fa-f]{1,13})$/.test(trimmed)) return undefined;
  return Number(trimmed);
}

/** From numbers; undefined when one is missing or the address has no place in the kernel's notation of four fields. */
export function toPciAddress(
  domain: number | undefined,
  bus: number | undefined,
  slot: number | undefined,
  pciFunction: number | undefined,
): PciAddress | undefined {
  if (domain === undefined || bus === undefined || slot === undefined || pciFunction === undefined) return undefined;
  const text = `${hex(domain, 4)}:${hex(bus, 2)}:${hex(slot, 2)}.${pciFunction}`;
  return isPciAddress(text) ? text : undefined;
}

/** From `<address domain='0x0000' bus='0x00' slot='0x02' function='0x0'/>`. */
export function readPciAddress(element: XmlElement | undefined): PciAddress | undefined {
  const field = (name: string): number | undefined => toInteger(attribute(element, name));
  // libvirt's schema lets the domain be left out.
  return toPciAddress(field('domain') ?? 0, field('bus'), field('slot'), field('function'));
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
