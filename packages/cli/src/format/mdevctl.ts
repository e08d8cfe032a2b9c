// SPDX-License-Identifier: LGPL-2.1-or-later
import { byBytes } from './order.js';
import { formatJson, plain } from './escape.js';

/** A vGPU as mdevctl's list knows it. */
export interface ListedMdev {
  readonly uuid: string;
  readonly parentName: string;
  readonly typeId: string;
  readonly active: boolean;
  readonly persistent: boolean;
  readonly autostart: boolean;
  /** Name and value in the order in which they are written. */
  readonly attributes: readonly (readonly [string, string])[];
}

/** A type as mdevctl's types knows it; empty name or description: the driver has none. */
export interface ListedType {
  readonly typeId: string;
  readonly name: string;
  readonly deviceApi: string;
  readonly availableInstances: number;
  /** Lines separated by \n. */
  readonly description: string;
}

export interface ListedParentTypes {
  readonly name: string;
  readonly types: readonly ListedType[];
}

/** What differs between mdevctl's versions (1.2.0 and 1.4.0 measured, 1.3.0 read from its source). */
export interface MdevctlManners {
  /** What follows every listing: a line feed before 1.4, also where the text ends with one. */
  readonly ending: '\n' | '';
  /** Before 1.3 an active mdev is listed with the attributes of its definition, later with none. */
  readonly activeAttributes: boolean;
}

/** @param version `1.2.0`; one that is not known counts as a late one */
export function mdevctlManners(version: string): MdevctlManners {
  const match = /^(\d+)\.(\d+)/.exec(version);
  const minor = match === null || match[1] !== '1' ? Infinity : Number(match[2]);
  return { ending: minor < 4 ? '\n' : '', activeAttributes: minor < 3 };
}

/** mdevctl's `list`, or `list --defined`; the mdevs in any order. */
export function formatList(mdevs: readonly ListedMdev[], options: { defined: boolean; verbose: boolean }): string {
  return sorted(mdevs)
    .map((mdev) => formatMdev(mdev, options))
    .join('');
}

function formatMdev(mdev: ListedMdev, options: { defined: boolean; verbose: boolean }): string {
  const words = [mdev.uuid, mdev.parentName, mdev.typeId, startMode(mdev)].map(plain);
  if (options.defined && mdev.active) words.push('(active)');
  if (!options.defined && mdev.persistent) words.push('(defined)');
  let text = `${words.join(' ')}\n`;
  if (options.verbose && mdev.attributes.length > 0) {
    text += '  Attrs:\n';
    mdev.attributes.forEach(([name, value], index) => {
      // mdevctl does not escape quotes here: it is no JSON.
      text += `    @{${index}}: {"${plain(name)}":"${plain(value)}"}\n`;
    });
  }
  return text;
}

/**
 * mdevctl's `list --dumpjson`. With `single` (a UUID was asked for) and exactly one mdev, only what recreates that one.
 */
export function formatListJson(mdevs: readonly ListedMdev[], options: { single: boolean }): string {
  const [only] = mdevs;
  if (options.single && mdevs.length === 1 && only !== undefined) {
    return formatJson(mdevJson(only));
  }
  return parentsJson(sorted(mdevs), (mdev) => [mdev.parentName, mdev.uuid, mdevJson(mdev)]);
}

/** mdevctl's `types`; parents and types in any order. */
export function formatTypes(parents: readonly ListedParentTypes[]): string {
  return sortedParents(parents)
    .map((parent) => `${plain(parent.name)}\n${parent.types.map(formatType).join('')}`)
    .join('');
}

function formatType(type: ListedType): string {
  const lines = [
    `  ${plain(type.typeId)}`,
    `    Available instances: ${type.availableInstances}`,
    `    Device API: ${plain(type.deviceApi)}`,
  ];
  const description = oneLine(type.description);
  if (type.name.trim() !== '') lines.push(`    Name: ${plain(type.name.trim())}`);
  if (description !== '') lines.push(`    Description: ${plain(description)}`);
  return `${lines.join('\n')}\n`;
}

/** mdevctl's `types --dumpjson`. */
export function formatTypesJson(parents: readonly ListedParentTypes[]): string {
  if (parents.length === 0) return '[]';
  const entries = sortedParents(parents).map((parent) => [
    parent.name,
    parent.types.map((type) => ({ [type.typeId]: typeJson(type) })),
  ]);
  return formatJson([Object.fromEntries(entries)]);
}

function typeJson(type: ListedType): Record<string, unknown> {
  const description = oneLine(type.description);
  return {
    available_instances: type.availableInstances,
    device_api: type.deviceApi,
    ...(type.name.trim() === '' ? {} : { name: type.name.trim() }),
    ...(description === '' ? {} : { description }),
  };
}

function oneLine(description: string): string {
  return description.trim().replaceAll('\n', ', ');
}

function startMode(mdev: ListedMdev): 'auto' | 'manual' {
  return mdev.autostart ? 'auto' : 'manual';
}

function mdevJson(mdev: ListedMdev): Record<string, unknown> {
  return {
    mdev_type: mdev.typeId,
    start: startMode(mdev),
    attrs: mdev.attributes.map(([name, value]) => ({ [name]: value })),
  };
}

function parentsJson<T>(items: readonly T[], toEntry: (item: T) => [parent: string, key: string, value: unknown]) {
  if (items.length === 0) return '[]';
  const parents = new Map<string, Record<string, unknown>[]>();
  for (const item of items) {
    const [parent, key, value] = toEntry(item);
    const children = parents.get(parent) ?? [];
    children.push({ [key]: value });
    parents.set(parent, children);
  }
  return formatJson([Object.fromEntries(parents)]);
}

function sorted(mdevs: readonly ListedMdev[]): ListedMdev[] {
  return mdevs.toSorted((a, b) => byBytes(a.parentName, b.parentName) || byBytes(a.uuid, b.uuid));
}

function sortedParents(parents: readonly ListedParentTypes[]): ListedParentTypes[] {
  return parents
    .map((parent) => ({ ...parent, types: parent.types.toSorted((a, b) => byBytes(a.typeId, b.typeId)) }))
    .toSorted((a, b) => byBytes(a.name, b.name));
}
