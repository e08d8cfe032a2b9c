// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '@vgpu/core';
import { contract, type InterfaceName, type PropertiesOf, type TypedValue } from '@vgpu/dbus-service/protocol';

/** The answer of GetManagedObjects: path, interface, property. */
export type ManagedObjects = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, TypedValue>>>>>>;

/** One object seen through one of its interfaces. */
export type ObjectWith<I extends InterfaceName> = { readonly path: string } & PropertiesOf<I>;

/** What the service published at one moment. */
export interface Objects {
  /** Every object that has the interface, in no order. */
  all<I extends InterfaceName>(interfaceName: I): ObjectWith<I>[];
  /** undefined when there is no such object or it does not have the interface. */
  find<I extends InterfaceName>(interfaceName: I, path: string): ObjectWith<I> | undefined;
}

/** Methods throw DeviceError NotSupported when an object lacks a property of the contract: another version runs. */
export function readObjects(managed: ManagedObjects): Objects {
  return {
    all: (interfaceName) =>
      Object.entries(managed).flatMap(([path, interfaces]) => {
        const values = interfaces[interfaceName];
        return values === undefined ? [] : [toObject(interfaceName, path, values)];
      }),
    find: (interfaceName, path) => {
      const values = Object.hasOwn(managed, path) ? managed[path]?.[interfaceName] : undefined;
      return values === undefined ? undefined : toObject(interfaceName, path, values);
    },
  };
}

function toObject<I extends InterfaceName>(
  interfaceName: I,
  path: string,
  values: Readonly<Record<string, TypedValue>>,
): ObjectWith<I> {
  const properties = Object.keys(contract[interfaceName].properties).map(
    (name) => [name, readValue(interfaceName, name, values[name])] as const,
  );
  return Object.fromEntries([['path', path], ...properties]) as unknown as ObjectWith<I>;
}

/** A property's value, unwrapped. @throws DeviceError NotSupported when it is missing or of another type */
export function readValue(interfaceName: InterfaceName, name: string, value: TypedValue | undefined): unknown {
  const described: Readonly<Record<string, { readonly type: string }>> = contract[interfaceName].properties;
  if (value === undefined || value.signature !== described[name]?.type) {
    throw new DeviceError(
      'NotSupported',
      `${interfaceName}.${name} is not published by the running vgpud: it is another version than vgpuctl`,
    );
  }
  return value.value;
}

/** A text in a dictionary of the service's; undefined when it is not there. */
export function textIn(dictionary: Readonly<Record<string, TypedValue>>, key: string): string | undefined {
  const value = Object.hasOwn(dictionary, key) ? dictionary[key]?.value : undefined;
  return typeof value === 'string' ? value : undefined;
}
