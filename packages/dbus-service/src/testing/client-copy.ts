// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Signal } from '../host/diff.js';
import { typedInterfaces } from '../host/properties.js';
import type { PublishedObjects } from '../host/published.js';
import type { Dictionary, TypedValue } from '../protocol/contract-types.js';
import { noObject } from '../protocol/names.js';

type Interfaces = Readonly<Record<string, Dictionary>>;

/** What a client has that reads everything once and then applies one signal after the other. */
export class ClientCopy {
  readonly objects: Map<string, Interfaces>;

  constructor(objects: PublishedObjects) {
    this.objects = new Map([...objects].map(([path, object]) => [path, typedInterfaces(object)]));
  }

  apply({ path, member, body: { values } }: Signal): void {
    if (member === 'InterfacesAdded') {
      const [added, interfaces] = values as [string, Interfaces];
      this.objects.set(added, { ...this.objects.get(added), ...interfaces });
    } else if (member === 'InterfacesRemoved') {
      const [removed, names] = values as [string, readonly string[]];
      const left = Object.entries(this.objects.get(removed) ?? {}).filter(([name]) => !names.includes(name));
      if (left.length === 0) this.objects.delete(removed);
      else this.objects.set(removed, Object.fromEntries(left));
    } else if (member === 'PropertiesChanged') {
      const [name, changed] = values as [string, Dictionary];
      const interfaces = this.objects.get(path);
      if (interfaces?.[name] === undefined) throw new Error(`a change of ${path} ${name}, which is not there`);
      this.objects.set(path, { ...interfaces, [name]: { ...interfaces[name], ...changed } });
    }
  }

  /** Properties that name an object which is not there, but for that of an operation: `path property named`. */
  dangling(): readonly string[] {
    return [...this.objects].flatMap(([path, interfaces]) =>
      Object.values(interfaces).flatMap((properties) =>
        Object.entries(properties).flatMap(([property, value]) =>
          property === 'Target'
            ? []
            : namedBy(value).flatMap((named) => (this.objects.has(named) ? [] : [`${path} ${property} ${named}`])),
        ),
      ),
    );
  }
}

function namedBy({ signature, value }: TypedValue): readonly string[] {
  if (signature === 'ao') return value as readonly string[];
  return signature === 'o' && value !== noObject ? [String(value)] : [];
}
