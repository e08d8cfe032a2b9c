// SPDX-License-Identifier: LGPL-2.1-or-later
import dbus from 'dbus-next';
import {
  busName,
  contract,
  noObject,
  rootPath,
  type ContractInterface,
  type TypedValue,
} from '@vgpu/dbus-service/protocol';
import { Waiters } from './waiters.js';

type Interfaces = Record<string, Record<string, TypedValue>>;

/** What dbus-next's messages really hold. */
interface RawMessage {
  readonly type: number;
  readonly sender: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly body: unknown[];
}

const signalType = 4;
const properties = 'org.freedesktop.DBus.Properties';

/** A client that keeps a copy of all objects from GetManagedObjects and signals alone, as a desktop client does. */
export class ObjectMirror implements Disposable {
  readonly #bus: dbus.MessageBus;
  readonly #waiters = new Waiters();
  readonly #early: RawMessage[] = [];
  #loaded = false;
  /** Path → interface → property. */
  readonly objects = new Map<string, Interfaces>();
  /** Every signal as `member path interface…`, since the start. */
  readonly heard: string[] = [];
  /** What a property named right after a signal without there being such an object: `path property named, signal`. */
  readonly dangling: string[] = [];

  private constructor(bus: dbus.MessageBus) {
    this.#bus = bus;
    bus.on('message', (message) => this.#hear(message as unknown as RawMessage));
  }

  static async connect(busAddress: string): Promise<ObjectMirror> {
    const bus = dbus.sessionBus({ busAddress });
    const mirror = new ObjectMirror(bus);
    await mirror.#call('org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus', 'AddMatch', 's', [
      `type='signal',sender='${busName}',path_namespace='${rootPath}'`,
    ]);
    const objects = await mirror.managedObjects();
    for (const [path, interfaces] of objects) mirror.objects.set(path, interfaces);
    mirror.#loaded = true;
    for (const message of mirror.#early.splice(0)) mirror.#applyAndCheck(message);
    return mirror;
  }

  /** What the service says now. */
  async managedObjects(): Promise<ReadonlyMap<string, Interfaces>> {
    const [objects] = await this.call(rootPath, 'org.freedesktop.DBus.ObjectManager', 'GetManagedObjects', '', []);
    return new Map(Object.entries(objects as Record<string, Interfaces>));
  }

  call(path: string, interfaceName: string, member: string, signature: string, body: unknown[]): Promise<unknown[]> {
    return this.#call(busName, path, interfaceName, member, signature, body);
  }

  /** A property in the copy; undefined where there is none. */
  value(path: string, interfaceName: string, property: string): unknown {
    return this.objects.get(path)?.[interfaceName]?.[property]?.value;
  }

  /** Waits until the condition holds for the copy; checked after every signal. */
  until(name: string, condition: () => boolean, timeoutMs?: number): Promise<void> {
    return this.#waiters.until(name, condition, timeoutMs, () => `; heard ${this.heard.slice(-20).join('; ')}`);
  }

  [Symbol.dispose](): void {
    this.#bus.disconnect();
  }

  async #call(
    destination: string,
    path: string,
    interfaceName: string,
    member: string,
    signature: string,
    body: unknown[],
  ): Promise<unknown[]> {
    const message = new dbus.Message({ destination, path, interface: interfaceName, member, signature, body });
    return (await this.#bus.call(message))?.body ?? [];
  }

  #hear(message: RawMessage): void {
    if (message.type !== signalType || !message.path.startsWith(rootPath)) return;
    if (this.#loaded) this.#applyAndCheck(message);
    else this.#early.push(message);
    this.#waiters.wake();
  }

  #applyAndCheck(message: RawMessage): void {
    this.#apply(message);
    for (const [path, interfaces] of this.objects) {
      for (const properties of Object.values(interfaces)) {
        for (const [property, value] of Object.entries(properties)) {
          // An operation's target need not exist any more.
          if (property === 'Target') continue;
          const missing = namedBy(value).filter((named) => !this.objects.has(named));
          for (const named of missing) this.dangling.push(`${path} ${property} ${named}, ${this.heard.at(-1)}`);
        }
      }
    }
  }

  #apply({ member, path, body }: RawMessage): void {
    if (member === 'InterfacesAdded') {
      const [object, interfaces] = body as [string, Interfaces];
      this.heard.push(`added ${object} ${Object.keys(interfaces).join(' ')}`);
      this.objects.set(object, { ...this.objects.get(object), ...interfaces });
    } else if (member === 'InterfacesRemoved') {
      const [object, names] = body as [string, string[]];
      this.heard.push(`removed ${object} ${names.join(' ')}`);
      const left = Object.fromEntries(
        Object.entries(this.objects.get(object) ?? {}).filter(([name]) => !names.includes(name)),
      );
      if (Object.keys(left).length === 0) this.objects.delete(object);
      else this.objects.set(object, left);
    } else if (member === 'PropertiesChanged') {
      const [name, changed] = body as [string, Record<string, TypedValue>];
      this.heard.push(`changed ${path} ${name} ${Object.keys(changed).join(' ')}`);
      const interfaces = this.objects.get(path);
      if (interfaces?.[name] === undefined) throw new Error(`${properties}: unknown ${path} ${name}`);
      this.objects.set(path, { ...interfaces, [name]: { ...interfaces[name], ...changed } });
    }
  }
}

function namedBy({ signature, value }: TypedValue): readonly string[] {
  if (signature === 'ao') return value as readonly string[];
  return signature === 'o' && value !== noObject ? [String(value)] : [];
}

/** Objects as comparable data, without the properties that change without a signal. */
export function comparable(objects: ReadonlyMap<string, Interfaces>): unknown {
  const specs: Readonly<Record<string, ContractInterface>> = contract;
  return Object.fromEntries(
    [...objects]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([path, interfaces]) => [
        path,
        Object.fromEntries(
          Object.entries(interfaces).map(([name, values]) => [
            name,
            Object.fromEntries(
              Object.entries(values).filter(([property]) => specs[name]?.properties[property]?.emits !== 'false'),
            ),
          ]),
        ),
      ]),
  );
}
