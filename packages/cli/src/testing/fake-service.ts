// SPDX-License-Identifier: LGPL-2.1-or-later
import { contract, type Dictionary, type InterfaceName, type TypedValue } from '@vgpu/dbus-service/protocol';
import type { Context } from '../context.js';
import { readObjects, type ManagedObjects } from '../service/objects.js';
import type { Service } from '../service/service.js';
import type { Terminal } from '../terminal.js';

const emptyByType: Readonly<Record<string, unknown>> = {
  s: '',
  o: '/',
  b: false,
  y: 0,
  q: 0,
  i: 0,
  u: 0,
  t: 0n,
  as: [],
  ao: [],
  'a(ss)': [],
  'a{su}': {},
  'a{sv}': {},
  'aa{sv}': [],
};

/** An interface's properties as the service sends them: those that are given, the others empty. */
export function properties(name: InterfaceName, given: Readonly<Record<string, unknown>>): Record<string, TypedValue> {
  return Object.fromEntries(
    Object.entries(contract[name].properties).map(([property, { type }]) => [
      property,
      { signature: type, value: given[property] ?? emptyByType[type] },
    ]),
  );
}

/** Text values as a dictionary. */
export function dictionary(values: Readonly<Record<string, string>>): Dictionary {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, { signature: 's', value }]));
}

/** What a service that always gives the same answers would give. */
export interface Answers {
  readonly managed: ManagedObjects;
  readonly preview?: readonly [diff: string, steps: readonly Dictionary[]];
  readonly change?: readonly unknown[];
  /** What properties are when they are read again. */
  readonly property?: () => unknown;
}

/** A context around such a service, for what no real one can be brought to answer at the right moment. */
export function answering(answers: Answers, terminal: Terminal) {
  const printed: string[] = [];
  const remarks: string[] = [];
  const changes: unknown[] = [];
  const service: Service = {
    objects: () => Promise.resolve(readObjects(answers.managed)),
    property: () => Promise.resolve(answers.property?.() as never),
    preview: () => Promise.resolve((answers.preview ?? ['', []]) as never),
    change: (target, args) => {
      changes.push([target.method, ...args]);
      return Promise.resolve((answers.change ?? []) as never);
    },
    close: () => undefined,
  };
  const context: Context = {
    print: (text) => printed.push(text),
    remark: (text) => remarks.push(text),
    service: () => Promise.resolve(service),
    terminal,
  };
  return { context, changes, remarks, printed: () => printed.join('') };
}
