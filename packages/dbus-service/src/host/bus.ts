// SPDX-License-Identifier: LGPL-2.1-or-later
// The only module that knows dbus-next. It is used as a transport: messages in, messages out; its dispatcher, proxies
// and several of its types are wrong (see README.md).
import dbus from 'dbus-next';
import { BusCallError, type Answer, type Body, type CallHandler, type OutgoingCall } from './messages.js';
import { toWire } from './outgoing.js';

const flags = { noReplyExpected: 1, allowInteractiveAuthorization: 4 } as const;
const messageType = { methodReturn: 2, error: 3, signal: 4 } as const;
const doNotQueue = 4;
const primaryOwner = 1;

/** What dbus-next's messages really hold; its declarations differ. */
interface RawMessage {
  readonly type: number;
  readonly serial: number;
  readonly path: string;
  readonly interface: string | undefined;
  readonly member: string;
  readonly sender: string;
  readonly destination: string | undefined;
  readonly signature: string;
  readonly body: readonly unknown[];
  readonly flags: number;
}

interface RawStream {
  listeners(event: 'readable'): (() => void)[];
  removeListener(event: 'readable', listener: () => void): void;
  on(event: 'readable' | 'close', listener: () => void): void;
  destroy(): void;
}

interface RawBus {
  readonly name: string | null;
  readonly _connection: { readonly stream: RawStream };
  on(event: 'connect', listener: () => void): void;
  on(event: 'error', listener: (error: unknown) => void): void;
  on(event: 'message', listener: (message: RawMessage) => void): void;
  addMethodHandler(handler: (message: RawMessage) => boolean): void;
  call(message: unknown): Promise<RawMessage>;
  send(message: unknown): void;
  disconnect(): void;
}

type MakeMessage = new (fields: object) => unknown;
const Message = dbus.Message as unknown as MakeMessage;
const makeVariant = (signature: string, value: unknown) => new dbus.Variant(signature, value);

/** A connection to a message bus. */
export class Bus {
  readonly #raw: RawBus;
  readonly #closed: Promise<Error>;
  #lost!: (reason: Error) => void;
  #handler: CallHandler | undefined;
  readonly #signalListeners = new Set<(signal: RawMessage) => void>();
  readonly #log: (text: string, error: unknown) => void;

  private constructor(raw: RawBus, log: (text: string, error: unknown) => void) {
    this.#raw = raw;
    this.#log = log;
    this.#closed = new Promise((resolve) => {
      this.#lost = resolve;
    });
    // Without an event of its own: dbus-next stays silent when the bus goes away.
    streamOf(raw).on('close', () => this.#lost(new Error('the bus closed the connection')));
    raw.on('error', (error) => {
      // Once connected, an error without the end of the stream is a message that dbus-next could not read.
      if (raw.name === null) this.#lost(error instanceof Error ? error : new Error(String(error)));
      else log('error on the bus', error);
    });
    raw.on('message', (message) => {
      if (message.type === messageType.signal) for (const listener of this.#signalListeners) listener(message);
    });
    raw.addMethodHandler((message) => {
      void this.#receive(message);
      return true;
    });
  }

  /** @param address as the D-Bus specification writes it: `unix:path=/run/dbus/system_bus_socket` */
  static async connect(address: string, log: (text: string, error: unknown) => void): Promise<Bus> {
    const raw = dbus.sessionBus({ busAddress: address }) as unknown as RawBus;
    const bus = new Bus(raw, log);
    await Promise.race([
      new Promise<void>((resolve) => raw.on('connect', resolve)),
      bus.closed.then((error) => Promise.reject(error)),
    ]);
    bus.#surviveUndecodableMessages();
    return bus;
  }

  /** Settles with the reason when the connection is lost or closed; the bus is of no use then. */
  get closed(): Promise<Error> {
    return this.#closed;
  }

  /** `:1.7` */
  get uniqueName(): string {
    return this.#raw.name ?? '';
  }

  /** All calls go to this handler. */
  handleCalls(handler: CallHandler): void {
    this.#handler = handler;
  }

  /** Whether we own the name now; false when somebody else does. */
  async requestName(name: string): Promise<boolean> {
    const [result] = await this.#callDaemon('RequestName', { signature: 'su', values: [name, doNotQueue] });
    return result === primaryOwner;
  }

  /** @throws BusCallError also when the connection is lost meanwhile. */
  async call(call: OutgoingCall): Promise<readonly unknown[]> {
    const message = new Message({
      destination: call.destination,
      path: call.path,
      interface: call.interface,
      member: call.member,
      signature: call.body.signature,
      body: toWire(call.body.signature, call.body.values, makeVariant),
    });
    const failures: Promise<never>[] = [
      // dbus-next never settles a pending call when the bus dies.
      this.closed.then(() =>
        Promise.reject(new BusCallError('org.freedesktop.DBus.Error.Disconnected', 'connection lost')),
      ),
    ];
    let timer: NodeJS.Timeout | undefined;
    if (call.timeoutMs !== undefined) {
      failures.push(
        new Promise((_resolve, reject) => {
          timer = setTimeout(
            () => reject(new BusCallError('org.freedesktop.DBus.Error.NoReply', `${call.member} timed out`)),
            call.timeoutMs,
          );
        }),
      );
    }
    try {
      const reply = await Promise.race([this.#raw.call(message), ...failures]);
      return reply.body;
    } catch (error) {
      throw toBusCallError(error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Broadcasts a signal. @throws OutgoingBodyError */
  emit(path: string, interfaceName: string, member: string, body: Body): void {
    const values = toWire(body.signature, body.values, makeVariant);
    this.#raw.send(
      new Message({
        type: messageType.signal,
        path,
        interface: interfaceName,
        member,
        signature: body.signature,
        body: values,
      }),
    );
  }

  /**
   * Calls back once when a connection leaves the bus.
   * @returns a function that ends the watch
   */
  watchDeparture(uniqueName: string, onGone: () => void): () => void {
    const rule = `type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='${uniqueName}'`;
    const listener = (signal: RawMessage) => {
      if (signal.sender !== 'org.freedesktop.DBus' || signal.member !== 'NameOwnerChanged') return;
      if (signal.body[0] === uniqueName && signal.body[2] === '') onGone();
    };
    this.#signalListeners.add(listener);
    const match = async (member: 'AddMatch' | 'RemoveMatch') => {
      await this.#callDaemon(member, { signature: 's', values: [rule] });
    };
    const watch = async () => {
      await match('AddMatch');
      // It may have left before the rule was there.
      const [present] = await this.#callDaemon('NameHasOwner', { signature: 's', values: [uniqueName] });
      if (present === false && this.#signalListeners.has(listener)) onGone();
    };
    const watching = watch().catch((error: unknown) => this.#log(`cannot watch ${uniqueName}`, error));
    const unwatch = async () => {
      await watching;
      await match('RemoveMatch');
    };
    return () => {
      this.#signalListeners.delete(listener);
      unwatch().catch((error: unknown) => this.#log(`cannot end the watch of ${uniqueName}`, error));
    };
  }

  close(): void {
    this.#raw.disconnect();
    streamOf(this.#raw).destroy();
    this.#lost(new Error('closed'));
  }

  #callDaemon(member: string, body: Body): Promise<readonly unknown[]> {
    return this.call({
      destination: 'org.freedesktop.DBus',
      path: '/org/freedesktop/DBus',
      interface: 'org.freedesktop.DBus',
      member,
      body,
      timeoutMs: 10_000,
    });
  }

  async #receive(message: RawMessage): Promise<void> {
    const replyExpected = (message.flags & flags.noReplyExpected) === 0;
    try {
      const answer = await this.#answer(message, replyExpected);
      if (replyExpected) this.#reply(message, answer);
    } catch (error) {
      // dbus-next would send the stack to the caller.
      this.#log(`no answer to ${message.member}`, error);
    }
  }

  async #answer(message: RawMessage, replyExpected: boolean): Promise<Answer> {
    if (this.#handler === undefined) {
      return { errorName: 'org.freedesktop.DBus.Error.UnknownObject', message: 'nothing is published yet' };
    }
    return this.#handler({
      sender: message.sender,
      path: message.path,
      interface: message.interface,
      member: message.member,
      signature: message.signature,
      args: message.body,
      interactive: (message.flags & flags.allowInteractiveAuthorization) !== 0,
      replyExpected,
    });
  }

  #reply(to: RawMessage, answer: Answer): void {
    const common = { replySerial: to.serial, destination: to.sender };
    if ('errorName' in answer) {
      const { errorName } = answer;
      const body = toWire('s', [answer.message.replaceAll('\0', '')], makeVariant);
      this.#raw.send(new Message({ ...common, type: messageType.error, errorName, signature: 's', body }));
    } else {
      const body = toWire(answer.signature, answer.values, makeVariant);
      this.#raw.send(new Message({ ...common, type: messageType.methodReturn, signature: answer.signature, body }));
    }
  }

  /**
   * dbus-next throws out of its stream listener when it cannot decode a message that the bus let pass (a file descriptor
   * type without a descriptor), which would end the process. It has consumed the message by then: go on with the next.
   */
  #surviveUndecodableMessages(): void {
    const stream = streamOf(this.#raw);
    for (const decode of stream.listeners('readable')) {
      stream.removeListener('readable', decode);
      stream.on('readable', () => {
        for (;;) {
          try {
            decode();
            return;
          } catch (error) {
            this.#log('a message could not be decoded', error);
          }
        }
      });
    }
  }
}

function streamOf(raw: RawBus): RawStream {
  const { _connection: connection } = raw;
  return connection.stream;
}

function toBusCallError(error: unknown): BusCallError {
  if (error instanceof BusCallError) return error;
  if (error instanceof dbus.DBusError) return new BusCallError(error.type, error.text);
  return new BusCallError('org.freedesktop.DBus.Error.Failed', error instanceof Error ? error.message : String(error));
}
