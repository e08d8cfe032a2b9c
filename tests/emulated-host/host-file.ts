// SPDX-License-Identifier: LGPL-2.1-or-later
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { HostFile } from '@vgpu/core/testing';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { checkout, sourceDirectory } from './paths.js';

const schemaPath = join(checkout, 'packages/core/src/testing/host-file.schema.json');

/** Compiled at the first use: that takes longer than many checks. */
let validator: ValidateFunction<HostFile> | undefined;

/** A host file that cannot be read, does not match the schema, or contradicts itself; the message names each place. */
export class HostFileError extends Error {
  override readonly name = 'HostFileError';
}

/** Names of the hosts that come with the project, sorted. */
export function hostNames(): string[] {
  return readdirSync(join(sourceDirectory, 'hosts'))
    .filter((file) => file.endsWith('.json'))
    .map((file) => basename(file, '.json'))
    .toSorted();
}

/** The path behind a host's name; anything with a slash or ending in .json is a path already. */
export function hostFilePath(nameOrPath: string): string {
  if (nameOrPath.includes('/') || nameOrPath.endsWith('.json')) return nameOrPath;
  if (!hostNames().includes(nameOrPath)) {
    throw new HostFileError(`${nameOrPath}: no such host; there are ${hostNames().join(', ')}`);
  }
  return join(sourceDirectory, 'hosts', `${nameOrPath}.json`);
}

/** Reads and checks a host. Throws HostFileError. */
export function readHostFile(nameOrPath: string): HostFile {
  const path = hostFilePath(nameOrPath);
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new HostFileError(`${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  return checkHostFile(content, path);
}

/** Checks a host that was made in memory; `origin` begins each message. Throws HostFileError. */
export function checkHostFile(content: unknown, origin: string): HostFile {
  validator ??= new Ajv({ allErrors: true }).compile<HostFile>(JSON.parse(readFileSync(schemaPath, 'utf8')));
  const validate = validator;
  if (!validate(content)) {
    throw new HostFileError((validate.errors ?? []).map((error) => `${origin}: ${describe(error)}`).join('\n'));
  }
  const contradictions = [...findContradictions(content)];
  if (contradictions.length > 0) {
    throw new HostFileError(contradictions.map((text) => `${origin}: ${text}`).join('\n'));
  }
  return content;
}

function describe(error: ErrorObject): string {
  const detail: unknown = error.params['additionalProperty'] ?? error.params['allowedValues'];
  const value = detail === undefined ? '' : ` (${JSON.stringify(detail)})`;
  return `${error.instancePath || '/'} ${error.message ?? 'is wrong'}${value}`;
}

/** What a schema cannot say: that names mean something that is there, once. */
function* findContradictions(host: HostFile): Generator<string> {
  const addresses = host.pciDevices.map(({ address }) => address);
  const parents = host.parents.map(({ name }) => name);
  yield* findTwice('/pciDevices', addresses);
  yield* findTwice('/parents', parents);
  yield* findTwice(
    '/mdevs',
    host.mdevs.map(({ uuid, parent }) => `${uuid} on ${parent}`),
  );
  for (const { address, upstreamPort } of host.pciDevices) {
    const port = host.pciDevices.find((each) => each.address === upstreamPort);
    if (upstreamPort !== undefined && !port?.class.startsWith('0x0604')) {
      yield `/pciDevices ${address} is behind ${upstreamPort}, which is no PCI bridge of this host`;
    } else if (upstreamPort !== undefined && upstreamPort >= address) {
      yield `/pciDevices ${address} is behind ${upstreamPort}, whose address does not come before its own`;
    }
  }
  for (const name of parents) {
    if (/^[0-9a-f]{4}:/.test(name) && !addresses.includes(name)) yield `/parents ${name} is no PCI device of this host`;
  }
  for (const { name, pciDevice } of host.disks) {
    if (!addresses.includes(pciDevice)) yield `/disks ${name} is on ${pciDevice}, which is no PCI device of this host`;
  }
  for (const mdev of host.mdevs) {
    // An inactive definition may name a parent that is missing: real hosts have such.
    if (mdev.active && !parents.includes(mdev.parent))
      yield `/mdevs ${mdev.uuid} is active on ${mdev.parent}, no parent`;
    if (!mdev.active && !mdev.persistent) yield `/mdevs ${mdev.uuid} is neither active nor persistent`;
    if (mdev.autostart && !mdev.persistent) yield `/mdevs ${mdev.uuid} has autostart without being persistent`;
  }
  for (const [index, { xml }] of host.domains.entries()) {
    for (const element of ['name', 'uuid']) {
      if (!xml.join('\n').includes(`<${element}>`)) yield `/domains/${index} has no ${element}`;
    }
  }
}

function* findTwice(place: string, values: readonly string[]): Generator<string> {
  for (const value of new Set(values.filter((each, index) => values.indexOf(each) !== index))) {
    yield `${place} has ${value} twice`;
  }
}
