// SPDX-License-Identifier: LGPL-2.1-or-later
import { signalOf, unlessAborted, type CallOptions } from './call.js';
import { ConnectionCloseReason } from './constants.js';
import { connectionLost, settle } from './errors.js';
import { addListener, callUser, removeListener } from './events.js';
import { native, type ConnectionHandle, type NativeEvent, type StreamHandle } from './native.js';
import { DomainStream } from './stream.js';
import { Subscriptions } from './subscriptions.js';

/** How a connection ended although nobody closed it. */
export type CloseReason = 'error' | 'end-of-file' | 'keep-alive' | 'client';

export interface CloseOptions extends CallOptions {
  /**
   * How long to wait for the calls already made; default 5000. Then they reject with DisposedError and the connection
   * is left to its thread, which ends when libvirt returns. 0 waits for nothing, Infinity for everything.
   */
  readonly timeoutMs?: number;
}

/** Longer than any call that ends by itself and matters to who closes. */
const closeTimeoutMs = 5000;
/** What a timer of Node takes; about 25 days. */
const longestTimeoutMs = 0x7fff_ffff;

/** How long a connection is there, and what ends with it: subscriptions, streams, and its hold on the process. */
export class ConnectionLife {
  readonly handle: ConnectionHandle;
  readonly subscriptions: Subscriptions;
  readonly #closeListeners = new Set<(reason: CloseReason) => void>();
  readonly #streams = new Set<DomainStream>();
  readonly #token: number;
  #state: 'open' | 'lost' | 'closed' = 'open';
  #keepsProcess = true;
  #closing: Promise<void> | undefined;
  #abandoned = false;

  private constructor(handle: ConnectionHandle, token: number) {
    this.handle = handle;
    this.#token = token;
    this.subscriptions = new Subscriptions(handle, () => this.#updateHold());
  }

  /** `start` opens the connection; its end is told to the listener with this token. */
  static async begin(start: (token: number) => Promise<ConnectionHandle>): Promise<ConnectionLife> {
    let life: WeakRef<ConnectionLife> | undefined;
    let early: NativeEvent | undefined;
    // A weak reference, so that a forgotten connection can be collected and closed.
    const token = addListener((event) => {
      if (life === undefined) early = event;
      const begun = life?.deref();
      if (begun !== undefined) begun.#lost(event);
    });
    try {
      const begun = new ConnectionLife(await start(token), token);
      life = new WeakRef(begun);
      forgotten.register(begun, token);
      if (early !== undefined) begun.#lost(early);
      return begun;
    } catch (error) {
      removeListener(token);
      throw error;
    }
  }

  get state(): 'open' | 'lost' | 'closed' {
    return this.#state;
  }

  /** Whether subscriptions and streams keep the process alive. */
  keepProcess(keeps: boolean): void {
    this.#keepsProcess = keeps;
    this.#updateHold();
  }

  /** The connection is closed once, however often this is called. */
  async close(options: CloseOptions): Promise<void> {
    const { timeoutMs = closeTimeoutMs } = options;
    if (typeof timeoutMs !== 'number' || !(timeoutMs >= 0)) throw new TypeError('timeoutMs must be a number from 0');
    const signal = signalOf(options);
    this.#closing ??= this.#close();
    let timer: NodeJS.Timeout | undefined;
    if (timeoutMs === 0) this.#abandon();
    else if (timeoutMs <= longestTimeoutMs) timer = setTimeout(() => this.#abandon(), timeoutMs);
    const timed = this.#closing.finally(() => clearTimeout(timer));
    await unlessAborted(timed, signal);
  }

  /** Returns a function that takes the listener away. */
  onClose(callback: (reason: CloseReason) => void): () => void {
    if (typeof callback !== 'function') throw new TypeError('callback must be a function');
    const listener = (reason: CloseReason): void => callback(reason);
    this.#closeListeners.add(listener);
    return () => void this.#closeListeners.delete(listener);
  }

  /** Streams keep the process alive and end with their connection. */
  async openStream(start: (token: number) => Promise<StreamHandle>): Promise<DomainStream> {
    const stream: DomainStream = await DomainStream.open(start, () => {
      this.#streams.delete(stream);
      this.#updateHold();
    });
    this.#streams.add(stream);
    // A connection that ended meanwhile.
    if (this.#state !== 'open') stream.destroy();
    this.#updateHold();
    return stream;
  }

  async #close(): Promise<void> {
    this.#state = 'closed';
    this.#closeListeners.clear();
    this.#forgetAll();
    for (const stream of this.#streams) stream.destroy();
    try {
      await settle(native.connectionClose(this.handle));
    } catch (error) {
      if (!this.#abandoned) throw error;
    }
  }

  #abandon(): void {
    this.#abandoned = true;
    native.connectionAbandon(this.handle);
  }

  #lost(event: NativeEvent): void {
    if (event.kind !== 'close' || this.#state !== 'open') return;
    this.#state = 'lost';
    const listeners = [...this.#closeListeners];
    this.#closeListeners.clear();
    this.#forgetAll();
    for (const stream of this.#streams) stream.destroy(connectionLost());
    for (const listener of listeners) callUser(listener, closeReason(event.reason));
  }

  #forgetAll(): void {
    this.subscriptions.end();
    removeListener(this.#token);
    this.#updateHold();
  }

  #updateHold(): void {
    const wanted = !this.subscriptions.isEmpty || this.#streams.size > 0;
    native.connectionHold(this.handle, this.#keepsProcess && this.#state === 'open' && wanted);
  }
}

/** A collected connection's listener would stay for ever. */
const forgotten = new FinalizationRegistry<number>(removeListener);

function closeReason(reason: number): CloseReason {
  switch (reason) {
    case ConnectionCloseReason.EOF:
      return 'end-of-file';
    case ConnectionCloseReason.KEEPALIVE:
      return 'keep-alive';
    case ConnectionCloseReason.CLIENT:
      return 'client';
    default:
      // libvirt's own name for everything else, also for a reason that it may add.
      return 'error';
  }
}
