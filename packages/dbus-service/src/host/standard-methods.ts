// SPDX-License-Identifier: LGPL-2.1-or-later
import { readFile } from 'node:fs/promises';
import { quoteText } from '@vgpu/core';
import { contract } from '../protocol/contract.js';
import type { InterfaceName } from '../protocol/members.js';
import { rootPath } from '../protocol/names.js';
import { emptyBody, type Body } from './messages.js';
import { BusError } from './bus-error.js';
import { DictionaryBody } from './dictionary-body.js';
import { introspect } from './introspection.js';
import { propertySpecs, typedInterfaces, typedProperties, typedProperty } from './properties.js';
import { interfacesOf, requireObject, type PublishedObject, type PublishedObjects } from './published.js';
import { standardXml, type StandardInterface } from './standard-xml.js';

export interface StandardMethod {
  readonly signature: string;
  run(objects: PublishedObjects, path: string, args: readonly unknown[]): Body | Promise<Body>;
}

/** The D-Bus specification's own methods, on every object it says. */
export const standardMethods: Readonly<Record<StandardInterface, Readonly<Record<string, StandardMethod>>>> = {
  'org.freedesktop.DBus.Peer': {
    Ping: { signature: '', run: () => emptyBody },
    GetMachineId: { signature: '', run: readMachineId },
  },
  'org.freedesktop.DBus.Introspectable': {
    Introspect: {
      signature: '',
      run(objects, path) {
        const xml = introspect(objects, path);
        if (xml === undefined) throw new BusError('UnknownObject', `${path} does not exist`);
        return { signature: 's', values: [xml] };
      },
    },
  },
  'org.freedesktop.DBus.ObjectManager': {
    GetManagedObjects: {
      signature: '',
      run(objects, path) {
        if (path !== rootPath) throw new BusError('UnknownInterface', `${path} manages no objects`);
        const entries = [...objects].map(([key, object]) => ({
          key,
          source: object,
          value: () => typedInterfaces(object),
        }));
        return new DictionaryBody('a{oa{sa{sv}}}', entries);
      },
    },
  },
  'org.freedesktop.DBus.Properties': {
    Get: {
      signature: 'ss',
      run(objects, path, [interfaceName, property]) {
        const object = requireObject(objects, path);
        for (const name of requireInterfaces(object, path, String(interfaceName))) {
          const value = typedProperty(object, name, String(property));
          if (value !== undefined) return { signature: 'v', values: [value] };
        }
        throw unknownProperty(interfaceName, property);
      },
    },
    GetAll: {
      signature: 's',
      run(objects, path, [interfaceName]) {
        const object = requireObject(objects, path);
        const names = requireInterfaces(object, path, String(interfaceName));
        const all = names.flatMap((name) => Object.entries(typedProperties(object, name)));
        return { signature: 'a{sv}', values: [Object.fromEntries(all)] };
      },
    },
    Set: {
      signature: 'ssv',
      run(objects, path, [interfaceName, property]) {
        const object = requireObject(objects, path);
        const names = requireInterfaces(object, path, String(interfaceName));
        const known = names.some((name) => Object.hasOwn(propertySpecs(name), String(property)));
        if (!known) throw unknownProperty(interfaceName, property);
        throw new BusError('PropertyReadOnly', `${String(property)} is read-only`);
      },
    },
  },
};

/** The interface of that name, all for the empty name, none for a standard one, which has no properties. */
function requireInterfaces(object: PublishedObject, path: string, name: string): readonly InterfaceName[] {
  if (name === '') return interfacesOf(object);
  if (Object.hasOwn(standardXml, name)) return [];
  const own = Object.hasOwn(contract, name) ? (name as InterfaceName) : undefined;
  if (own === undefined || object[own] === undefined) {
    throw new BusError('UnknownInterface', `${path} has no interface ${quoteText(name)}`);
  }
  return [own];
}

function unknownProperty(interfaceName: unknown, property: unknown): BusError {
  return new BusError(
    'UnknownProperty',
    `${quoteText(String(interfaceName))} has no property ${quoteText(String(property))}`,
  );
}

async function readMachineId(): Promise<Body> {
  for (const path of ['/etc/machine-id', '/var/lib/dbus/machine-id']) {
    const text = await readFile(path, 'utf8').catch(() => '');
    const id = text.trim();
    if (/^[0-9a-f]{32}$/.test(id)) return { signature: 's', values: [id] };
  }
  throw new BusError('Failed', 'this machine has no id');
}
