// SPDX-License-Identifier: LGPL-2.1-or-later
import { randomUUID } from 'node:crypto';
import { DeviceError } from '@vgpu/core';
import {
  busName,
  contract,
  interfaces,
  managerPath,
  rootPath,
  type ArgumentsOf,
  type ContractMethod,
  type InterfaceName,
  type MethodName,
  type OptionsOf,
  type PropertiesOf,
  type ResultOf,
  type TypedValue,
} from '@vgpu/dbus-service/protocol';
import { variant, type BusConnection } from '../bus/connection.js';
import { isInteractionRequired, toDeviceError } from '../bus/errors.js';
import { runInterruptible, type WatchInterrupt } from './interruption.js';
import { readObjects, readValue, type ManagedObjects, type Objects } from './objects.js';

/** As long as every other client of the bus waits; starting the service is within it. */
const readTimeoutMs = 25_000;

/** Somebody may have to find and type a password, and a virtual machine to start. */
const changeTimeoutMs = 10 * 60_000;

/** A method's arguments without the options at the end. */
type ArgumentsBeforeOptions<I extends InterfaceName, M extends MethodName<I>> =
  ArgumentsOf<I, M> extends readonly [...infer A, infer _Options] ? A : never;

/** vgpud, seen from the bus. Everything rejects with DeviceError, change() also with InterruptedError, and no other. */
export interface Service {
  /** Everything that is published, read at the first call. */
  objects(): Promise<Objects>;
  /** One property as it is now. */
  property<I extends InterfaceName, P extends keyof PropertiesOf<I> & string>(
    object: { readonly path: string; readonly interfaceName: I },
    name: P,
  ): Promise<PropertiesOf<I>[P]>;
  /** Calls a changing method; where that needs a password the user is asked for it. Ctrl+C cancels it. */
  change<I extends InterfaceName, M extends MethodName<I>>(
    target: { readonly path: string; readonly interfaceName: I; readonly method: M },
    args: ArgumentsBeforeOptions<I, M>,
    options?: OptionsOf<I, M>,
  ): Promise<ResultOf<I, M>>;
  /** What change() with the same arguments would do; changes nothing. */
  preview<I extends InterfaceName, M extends MethodName<I>>(
    target: { readonly path: string; readonly interfaceName: I; readonly method: M },
    args: ArgumentsBeforeOptions<I, M>,
    options?: OptionsOf<I, M>,
  ): Promise<ResultOf<'me.phyllo.Vgpu1.Manager', 'Preview'>>;
  close(): void;
}

/** Called when polkit wants a password, before the call is made again; the returned function ends what it began. */
export type PrepareAuthorization = () => Promise<() => void>;

/** What a service takes from its surroundings. */
export interface ServiceSurroundings {
  readonly prepareAuthorization: PrepareAuthorization;
  readonly watchInterrupt: WatchInterrupt;
}

export function openService(
  connection: BusConnection,
  { prepareAuthorization, watchInterrupt }: ServiceSurroundings,
): Service {
  let objects: Promise<Objects> | undefined;

  const call = async (
    path: string,
    interfaceName: string,
    member: string,
    signature: string,
    args: readonly unknown[],
    how: { timeoutMs: number; interactive: boolean },
  ): Promise<readonly unknown[]> =>
    connection.call({ destination: busName, path, interface: interfaceName, member, signature, args, ...how });

  const read = async (path: string, interfaceName: string, member: string, signature: string, args: unknown[]) => {
    try {
      return await call(path, interfaceName, member, signature, args, {
        timeoutMs: readTimeoutMs,
        interactive: false,
      });
    } catch (error) {
      const converted = toDeviceError(error);
      // Reading leaves nothing open: no answer means no service.
      if (converted instanceof DeviceError && converted.code === 'TimedOut') {
        throw new DeviceError('Unavailable', 'vgpud does not answer', { cause: error });
      }
      throw converted;
    }
  };

  const readAll = async (): Promise<Objects> => {
    const [managed] = await read(rootPath, 'org.freedesktop.DBus.ObjectManager', 'GetManagedObjects', '', []);
    return readObjects(managed as ManagedObjects);
  };

  /** False where there is no such operation, or the service does not answer. */
  const cancel = async (operationId: string): Promise<boolean> => {
    const found = await readAll().then(
      (all) => all.all(interfaces.operation).find(({ Id }) => Id === operationId),
      () => undefined,
    );
    if (found === undefined) return false;
    // It may be over by now: what became of it is in the answer to the change.
    await read(found.path, interfaces.operation, 'Cancel', 'a{sv}', [{}]).catch(() => undefined);
    return true;
  };

  return {
    objects: () => (objects ??= readAll()),

    property: async ({ path, interfaceName }, name) => {
      const [value] = await read(path, 'org.freedesktop.DBus.Properties', 'Get', 'ss', [interfaceName, name]);
      return readValue(interfaceName, name, value as TypedValue) as never;
    },

    change: async ({ path, interfaceName, method }, args, options) => {
      const operationId = randomUUID();
      const { signature, values } = marshal(interfaceName, method, args, { ...options, operation_id: operationId });
      const attempt = (interactive: boolean) =>
        call(path, interfaceName, method, signature, values, { timeoutMs: changeTimeoutMs, interactive });
      const change = async (refuse: () => void) => {
        try {
          // Asking first without interaction costs nothing, and an agent is started only when polkit needs one.
          return await attempt(false).catch(async (error: unknown) => {
            if (!isInteractionRequired(error)) throw error;
            refuse();
            const end = await prepareAuthorization();
            try {
              refuse();
              return await attempt(true);
            } finally {
              end();
            }
          });
        } catch (error) {
          throw toDeviceError(error);
        }
      };
      return (await runInterruptible({ change, cancel: () => cancel(operationId) }, watchInterrupt)) as never;
    },

    preview: async ({ path, interfaceName, method }, args, options) => {
      const { types, values } = marshal(interfaceName, method, args, options);
      const packed = values.map((value, index) => variant(types[index] ?? '', value));
      const reply = await read(managerPath, interfaces.manager, 'Preview', 'ossav', [
        path,
        interfaceName,
        method,
        packed,
      ]);
      return reply as never;
    },

    close: () => connection.close(),
  };
}

function marshal(
  interfaceName: InterfaceName,
  method: string,
  args: readonly unknown[],
  options: Readonly<Record<string, unknown>> = {},
): { signature: string; types: readonly string[]; values: readonly unknown[] } {
  const methods: Readonly<Record<string, ContractMethod>> = contract[interfaceName].methods;
  const described = methods[method];
  if (described === undefined) throw new TypeError(`${interfaceName}.${method} is not in the contract`);
  const types = described.in.map(({ type }) => type);
  const packed = Object.entries(options)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, variant(described.options[name] ?? 's', value)] as const);
  return { signature: types.join(''), types, values: [...args, Object.fromEntries(packed)] };
}
