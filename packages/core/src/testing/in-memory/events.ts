// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ChangeExtent, EventPort, HypervisorStatus } from '../../ports.js';

/** Tells listeners after the call that caused the change has returned. */
export class InMemoryEvents implements EventPort {
  readonly #changeListeners = new Set<(extent: ChangeExtent) => void>();
  readonly #statusListeners = new Set<(status: HypervisorStatus) => void>();
  #status: HypervisorStatus = { connected: true, uri: 'test:///in-memory', libvirtVersion: undefined };

  onChange(listener: (extent: ChangeExtent) => void): () => void {
    return subscribe(this.#changeListeners, listener);
  }

  onStatus(listener: (status: HypervisorStatus) => void): () => void {
    return subscribe(this.#statusListeners, listener);
  }

  status(): HypervisorStatus {
    return this.#status;
  }

  changed(): void {
    later(() => {
      for (const listener of this.#changeListeners) listener('some');
    });
  }

  setConnected(connected: boolean): void {
    const status = { ...this.#status, connected };
    this.#status = status;
    later(() => {
      for (const listener of this.#statusListeners) listener(status);
    });
  }

  clear(): void {
    this.#changeListeners.clear();
    this.#statusListeners.clear();
  }
}

function subscribe<T>(listeners: Set<T>, listener: T): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

function later(tell: () => void): void {
  void Promise.resolve().then(tell);
}
