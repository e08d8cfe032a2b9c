// SPDX-License-Identifier: LGPL-2.1-or-later
import { keepParents, type Clock, type Inventory, type ParentName } from '@vgpu/core';

/**
 * A parent that is removed and comes back at once (its driver is bound again) takes libvirt some milliseconds: only what
 * is still gone after this time is gone.
 */
const vanishedMs = 150;

/** Shows parents that are gone a moment longer; all other changes are shown at once. */
export class VanishedParents {
  readonly #clock: Clock;
  readonly #onCertain: () => void;
  /** Since when each is gone: the time is over, or not. */
  #gone: ReadonlyMap<ParentName, { isOver: boolean }> = new Map();

  /** @param onCertain called when the time of a parent is over: the host must be read again */
  constructor(clock: Clock, onCertain: () => void) {
    this.#clock = clock;
    this.#onCertain = onCertain;
  }

  /** Whether something is shown that was not there when the host was read. */
  get any(): boolean {
    return this.#gone.size > 0;
  }

  /** @param shown what is shown now @param read what was read @returns what to show next */
  keep(shown: Inventory, read: Inventory): Inventory {
    const gone = new Map<ParentName, { isOver: boolean }>();
    for (const name of shown.parents.keys()) {
      if (read.parents.has(name)) continue;
      const since = this.#gone.get(name) ?? this.#begin();
      if (!since.isOver) gone.set(name, since);
    }
    this.#gone = gone;
    return keepParents(shown, read, new Set(gone.keys()));
  }

  #begin(): { isOver: boolean } {
    const since = { isOver: false };
    const end = async () => {
      await this.#clock.delay(vanishedMs);
      since.isOver = true;
      if ([...this.#gone.values()].includes(since)) this.#onCertain();
    };
    void end();
    return since;
  }
}
