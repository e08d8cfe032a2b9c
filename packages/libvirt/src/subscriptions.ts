// SPDX-License-Identifier: LGPL-2.1-or-later
import { onAbort, signalOf, unlessAborted, type CallOptions } from './call.js';
import { settle } from './errors.js';
import { addListener, callUser, removeListener, type Subscription } from './events.js';
import { native, type ConnectionHandle } from './native.js';

type Family = 'NodeDevice' | 'Domain';
type Listener = { readonly call: (event: never) => void };

/** One registration with libvirt, which refuses a second one for the same event, and everybody who wants its events. */
interface Feed {
  readonly token: number;
  readonly listeners: Set<Listener>;
  readonly registered: Promise<unknown>;
}

/** The subscriptions of one connection. */
export class Subscriptions {
  readonly #handle: ConnectionHandle;
  readonly #changed: () => void;
  readonly #feeds = new Map<string, Feed>();
  #ended = false;

  /** `changed` is called after the number of subscriptions became zero or left it. */
  constructor(handle: ConnectionHandle, changed: () => void) {
    this.#handle = handle;
    this.#changed = changed;
  }

  get isEmpty(): boolean {
    return this.#feeds.size === 0;
  }

  async add<T>(
    family: Family,
    eventId: number,
    callback: (event: T) => void,
    options?: CallOptions,
  ): Promise<Subscription> {
    if (typeof callback !== 'function') throw new TypeError('callback must be a function');
    const signal = signalOf(options);
    signal?.throwIfAborted();
    const key = `${family} ${eventId}`;
    const listener: Listener = { call: callback };
    const feed = this.#feeds.get(key) ?? this.#start(key, family, eventId);
    feed.listeners.add(listener);
    this.#changed();
    let ended: Promise<void> | undefined;
    const end = (): Promise<void> => {
      forget?.();
      return (ended ??= this.#remove(key, feed, listener, family, eventId));
    };
    const endQuietly = (): void => void end().catch(() => {});
    const forget = signal === undefined ? undefined : onAbort(signal, endQuietly);
    try {
      await unlessAborted(settle(feed.registered), signal);
    } catch (error) {
      if (signal?.aborted === true) endQuietly();
      else await end().catch(() => {});
      throw error;
    }
    const dispose = async (disposeOptions?: CallOptions): Promise<void> =>
      await unlessAborted(end(), signalOf(disposeOptions));
    return { dispose, [Symbol.asyncDispose]: dispose };
  }

  /** Delivers nothing any more and leaves libvirt's side to the closing of the connection. */
  end(): void {
    this.#ended = true;
    for (const feed of this.#feeds.values()) {
      feed.listeners.clear();
      removeListener(feed.token);
    }
    this.#feeds.clear();
  }

  #start(key: string, family: Family, eventId: number): Feed {
    const listeners = new Set<Listener>();
    // Native code builds the payload of the event that was asked for: the one place where that is taken on trust.
    const token = addListener(({ token: _token, kind: _kind, ...payload }) => {
      // One that is added now gets only later events, one that is taken away not even this one.
      const now = Array.from(listeners);
      for (const listener of now) if (listeners.has(listener)) callUser(listener.call, payload as never);
    });
    const feed = { token, listeners, registered: native[`subscribe${family}`](this.#handle, eventId, token) };
    if (!this.#ended) this.#feeds.set(key, feed);
    return feed;
  }

  async #remove(key: string, feed: Feed, listener: Listener, family: Family, eventId: number): Promise<void> {
    feed.listeners.delete(listener);
    if (feed.listeners.size > 0) return;
    removeListener(feed.token);
    if (this.#feeds.get(key) !== feed) return;
    this.#feeds.delete(key);
    this.#changed();
    // By event, not by number, so that this call comes before a new registration even when ours is still on its way.
    try {
      await settle(native[`unsubscribe${family}`](this.#handle, eventId));
    } catch (error) {
      // A connection that ended meanwhile took the registration with it.
      if (!this.#ended) throw error;
    }
  }
}
