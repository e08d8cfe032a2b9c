// SPDX-License-Identifier: LGPL-2.1-or-later
import { toErrorAnswer } from './answer-error.js';
import { BusUsers } from './bus-users.js';
import { busDaemon, Departures } from './departures.js';
import { FairTurns } from './fair-turns.js';
import { align, fixedHeaderLength, messageType, type MessageHeader } from './message-header.js';
import {
  BusCallError,
  isAboutGoneCaller,
  type Answer,
  type Body,
  type CallHandler,
  type ErrorAnswer,
  type OutgoingCall,
} from './messages.js';
import {
  connectionOf,
  makeVariant,
  Message,
  openRawBus,
  RawError,
  streamOf,
  type RawBus,
  type RawMessage,
} from './raw-bus.js';
import { Outlet } from './outlet.js';
import { Replies } from './replies.js';
import { guardStream } from './stream-guard.js';
import { toWire } from './outgoing.js';
import { UnreadReplies } from './unread-replies.js';

const flags = { noReplyExpected: 1, allowInteractiveAuthorization: 4 } as const;
/** The largest body of a call that is decoded, in bytes: decoding it takes half a second and 10 MiB at worst. */
const maxCallBodyLength = 64 * 1024;
const doNotQueue = 4;
const primaryOwner = 1;

/** A connection to a message bus. */
export class Bus {
  readonly #raw: RawBus;
  readonly #closed: Promise<Error>;
  #lost!: (reason: Error) => void;
  #isLost = false;
  /** Calls without an answer: dbus-next never settles them when the bus dies. */
  readonly #pending = new Set<(error: BusCallError) => void>();
  #handler: CallHandler | undefined;
  /** Never reject. */
  readonly #unanswered = new Set<Promise<void>>();
  readonly #turns: FairTurns;
  readonly #unread: UnreadReplies;
  readonly #departures: Departures;
  readonly #log: (text: string, error: unknown) => void;
  readonly #outlet: Outlet;
  readonly #replies: Replies;
  readonly users = new BusUsers(this);

  private constructor(raw: RawBus, log: (text: string, error: unknown) => void) {
    this.#raw = raw;
    this.#log = log;
    this.#outlet = new Outlet(raw);
    this.#replies = new Replies(this.#outlet);
    this.#turns = new FairTurns({
      userOf: (sender) => this.users.userOf(sender),
      hasRoom: () => this.#outlet.hasRoom,
      mayAnswer: (sender, user) => this.#unread.mayAnswer(sender, user),
    });
    this.#unread = new UnreadReplies({
      unreadOf: (sender) => this.#unreadOf(sender),
      onRoom: () => this.#turns.resume(),
    });
    streamOf(raw).on('drain', () => this.#turns.resume());
    this.#departures = new Departures({ callDaemon: (member, body) => this.#callDaemon(member, body), log });
    this.#closed = new Promise((resolve) => {
      this.#lost = (reason) => {
        this.#isLost = true;
        for (const fail of this.#pending) fail(failure('Disconnected', 'connection lost'));
        resolve(reason);
      };
    });
    const admit = (header: MessageHeader) => this.#admit(header);
    const receive = (header: MessageHeader, decode: () => void) => this.#receive(header, decode);
    const guard = () => guardStream(streamOf(raw), { admit, receive, log });
    // The library listens to its stream right after this event, long before the first message.
    connectionOf(raw).on('connect', () => process.nextTick(guard));
    // Without an event of its own: dbus-next stays silent when the bus goes away.
    streamOf(raw).on('close', () => this.#lost(new Error('the bus closed the connection')));
    raw.on('error', (error) => {
      // Once connected, an error without the end of the stream is a message that dbus-next could not read.
      if (raw.name === null) this.#lost(error instanceof Error ? error : new Error(String(error)));
      else log('error on the bus', error);
    });
    raw.on('message', (message) => {
      if (message.type === messageType.signal) this.#departures.take(message);
    });
    raw.addMethodHandler((message) => {
      this.#count(this.#process(message));
      return true;
    });
  }

  /** @param address as the D-Bus specification writes it: `unix:path=/run/dbus/system_bus_socket` */
  static async connect(address: string, log: (text: string, error: unknown) => void): Promise<Bus> {
    const raw = openRawBus(address);
    const bus = new Bus(raw, log);
    await Promise.race([
      new Promise<void>((resolve) => raw.on('connect', resolve)),
      bus.closed.then((error) => Promise.reject(error)),
    ]);
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

  /** Every call to the name that we get is here when this settles; the bus keeps the order. @throws BusCallError */
  async releaseName(name: string): Promise<void> {
    await this.#callDaemon('ReleaseName', { signature: 's', values: [name] });
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
    let timer: NodeJS.Timeout | undefined;
    let fail: (error: BusCallError) => void = ignore;
    try {
      const reply = await new Promise<RawMessage>((resolve, reject) => {
        fail = reject;
        this.#pending.add(fail);
        timer = setTimeout(() => fail(failure('NoReply', `${call.member} timed out`)), call.timeoutMs);
        if (this.#isLost) fail(failure('Disconnected', 'connection lost'));
        else this.#raw.call(message).then(resolve, reject);
      });
      return reply.body;
    } catch (error) {
      throw toBusCallError(error);
    } finally {
      clearTimeout(timer);
      this.#pending.delete(fail);
    }
  }

  /**
   * Broadcasts a signal.
   * @throws OutgoingBodyError; BusError LimitsExceeded for one that is too large: the object that it is about cannot be
   * read either, so whoever asks for all objects learns that
   */
  emit(path: string, interfaceName: string, member: string, body: Body): void {
    this.#outlet.send({ type: messageType.signal, path, interface: interfaceName, member }, body);
  }

  /** @see Departures.watch */
  watchDeparture(uniqueName: string, onGone: () => void): () => void {
    return this.#departures.watch(uniqueName, onGone);
  }

  /** Settles when every call that has arrived is answered; those of callers who do not read get no answer. */
  async answered(): Promise<void> {
    this.#turns.dropHeld();
    while (this.#unanswered.size > 0) await Promise.all(this.#unanswered);
  }

  /** Settles when the bus has everything that was sent. */
  async close(): Promise<void> {
    this.#unread.end();
    const stream = streamOf(this.#raw);
    await Promise.race([new Promise<void>((resolve) => stream.end(() => resolve())), this.#closed]);
    this.#raw.disconnect();
    stream.destroy();
    this.#lost(new Error('closed'));
  }

  /** What the bus keeps for a connection; only dbus-daemon tells, and only whom its configuration allows to ask. */
  async #unreadOf(sender: string): Promise<number | 'gone' | undefined> {
    try {
      const body = { signature: 's', values: [sender] };
      const [statistics] = await this.#callDaemon('GetConnectionStats', body, `${busDaemon}.Debug.Stats`);
      const { OutgoingBytes: unread } = statistics as { readonly OutgoingBytes?: { readonly value: unknown } };
      return typeof unread?.value === 'number' ? unread.value : undefined;
    } catch (error) {
      return isAboutGoneCaller(error) ? 'gone' : undefined;
    }
  }

  #callDaemon(member: string, body: Body, interfaceName = busDaemon): Promise<readonly unknown[]> {
    return this.call({
      destination: busDaemon,
      path: '/org/freedesktop/DBus',
      interface: interfaceName,
      member,
      body,
      timeoutMs: 10_000,
    });
  }

  /** A call waits for its caller's turn as bytes, and is decoded then; what answers us is decoded at once. */
  #receive(header: MessageHeader, decode: () => void): void {
    if (header.type === messageType.methodCall) this.#count(this.#turns.run(header.sender, sizeOf(header), decode));
    else decode();
  }

  #count(work: Promise<void>): void {
    const counted = work.finally(() => this.#unanswered.delete(counted));
    this.#unanswered.add(counted);
  }

  async #process(message: RawMessage): Promise<void> {
    const replyExpected = isReplyExpected(message);
    try {
      const answer = await this.#answer(message, replyExpected);
      if (replyExpected) this.#tryReply(message, answer);
    } catch (error) {
      // dbus-next would send the stack to the caller.
      this.#log(`no answer to ${message.member}`, error);
    }
  }

  /** What cannot be sent, which is a mistake of ours, is answered with an error. @throws when that cannot be sent */
  #tryReply(message: RawMessage, answer: Answer): void {
    try {
      this.#unread.answered(message.sender, this.#replies.reply(message, answer));
    } catch (error) {
      const bytes = this.#replies.reply(message, toErrorAnswer(error, { error: this.#log }));
      this.#unread.answered(message.sender, bytes);
    }
  }

  async #answer(message: RawMessage, replyExpected: boolean): Promise<Answer> {
    if (this.#handler === undefined) return nothingPublished;
    return this.#handler.answer({
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

  /** Whether a message is decoded; a call that is not is answered here. */
  #admit(header: MessageHeader): boolean {
    switch (header.type) {
      case messageType.methodCall: {
        const error = this.#refusal(header);
        if (error !== undefined && isReplyExpected(header)) this.#refuseInTurn(header, error);
        return error === undefined;
      }
      // The bus passes on only those that answer a call of ours.
      case messageType.methodReturn:
      case messageType.error:
        return true;
      // We follow no other signals, and anybody can send one to us.
      case messageType.signal:
        return header.sender === busDaemon;
      default:
        return false;
    }
  }

  #refusal(header: MessageHeader): ErrorAnswer | undefined {
    if (header.bodyLength > maxCallBodyLength) {
      const message = `the arguments have ${header.bodyLength} bytes: at most ${maxCallBodyLength} are read`;
      return { errorName: limitsExceeded, message };
    }
    if (this.#handler === undefined) return nothingPublished;
    const refused = this.#handler.refuse({ ...header, replyExpected: isReplyExpected(header) });
    if (refused !== undefined) return refused;
    const message = this.#turns.refusal(header.sender, sizeOf(header));
    return message === undefined ? undefined : { errorName: limitsExceeded, message };
  }

  /** Who does not read could else have refusals without end. */
  #refuseInTurn({ serial, sender }: MessageHeader, error: ErrorAnswer): void {
    const refuse = () => {
      try {
        this.#unread.answered(sender, this.#replies.reply({ serial, sender }, error));
      } catch (problem) {
        this.#log(`a call of ${sender} could not be refused`, problem);
      }
    };
    if (this.#turns.mayWaitForRefusal(sender)) this.#count(this.#turns.run(sender, 0, refuse));
    else refuse();
  }
}

const nothingPublished: ErrorAnswer = {
  errorName: 'org.freedesktop.DBus.Error.UnknownObject',
  message: 'nothing is published yet',
};

const limitsExceeded = 'org.freedesktop.DBus.Error.LimitsExceeded';

const ignore = () => undefined;

function isReplyExpected(message: { readonly flags: number }): boolean {
  return (message.flags & flags.noReplyExpected) === 0;
}

/** Of the whole message, in bytes. */
function sizeOf({ fieldsLength, bodyLength }: MessageHeader): number {
  return fixedHeaderLength + align(fieldsLength, 8) + bodyLength;
}

function failure(kind: 'NoReply' | 'Disconnected', message: string): BusCallError {
  return new BusCallError(`${busDaemon}.Error.${kind}`, message);
}

function toBusCallError(error: unknown): BusCallError {
  if (error instanceof BusCallError) return error;
  if (error instanceof RawError) return new BusCallError(error.type, error.text);
  return new BusCallError('org.freedesktop.DBus.Error.Failed', error instanceof Error ? error.message : String(error));
}
