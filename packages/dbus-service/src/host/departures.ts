// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Body } from './messages.js';

export const busDaemon = 'org.freedesktop.DBus';

/** Of a signal that the bus itself has sent, what matters here. */
interface DaemonSignal {
  readonly sender: string;
  readonly member: string;
  readonly body: readonly unknown[];
}

export interface DeparturesOptions {
  /** A method of the bus itself; resolves to its results. */
  callDaemon(member: string, body: Body): Promise<readonly unknown[]>;
  log(text: string, error: unknown): void;
}

/** Knows when connections leave the bus. */
export class Departures {
  readonly #options: DeparturesOptions;
  readonly #listeners = new Set<(signal: DaemonSignal) => void>();

  constructor(options: DeparturesOptions) {
    this.#options = options;
  }

  /** Takes every signal that arrives. */
  take(signal: DaemonSignal): void {
    for (const listener of this.#listeners) listener(signal);
  }

  /**
   * Calls back once when a connection leaves the bus, or when nobody can tell: one that cannot be watched counts as gone,
   * because whoever waits for its departure would wait for ever.
   * @returns a function that ends the watch
   */
  watch(uniqueName: string, onGone: () => void): () => void {
    const { callDaemon, log } = this.#options;
    const rule = `type='signal',sender='${busDaemon}',interface='${busDaemon}',member='NameOwnerChanged',arg0='${uniqueName}'`;
    const match = (member: 'AddMatch' | 'RemoveMatch') => callDaemon(member, { signature: 's', values: [rule] });
    let told = false;
    const tell = () => {
      if (told || !this.#listeners.has(listener)) return;
      told = true;
      onGone();
    };
    const listener = (signal: DaemonSignal) => {
      if (signal.sender !== busDaemon || signal.member !== 'NameOwnerChanged') return;
      if (signal.body[0] === uniqueName && signal.body[2] === '') tell();
    };
    this.#listeners.add(listener);
    let matched = false;
    const watch = async () => {
      try {
        await match('AddMatch');
        matched = true;
        // It may have left before the rule was there.
        const [present] = await callDaemon('NameHasOwner', { signature: 's', values: [uniqueName] });
        if (present === false) tell();
      } catch (error) {
        log(`cannot watch ${uniqueName}, which counts as gone`, error);
        tell();
      }
    };
    const watching = watch();
    const unwatch = async () => {
      await watching;
      if (matched) await match('RemoveMatch');
    };
    return () => {
      this.#listeners.delete(listener);
      unwatch().catch((error: unknown) => log(`cannot end the watch of ${uniqueName}`, error));
    };
  }
}
