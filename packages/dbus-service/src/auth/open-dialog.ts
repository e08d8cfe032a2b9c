// SPDX-License-Identifier: LGPL-2.1-or-later

/** A dialog that nobody has answered by then is cancelled. */
export const dialogTimeoutMs = 5 * 60_000;
/**
 * polkit watches the bus and ends the dialog of a caller who leaves by itself, and that of an agent that ends. To cancel
 * it in that same moment can stop polkitd for good, with GLib 2.84: docs/decisions/0009. So it is cancelled only when
 * polkit has not ended it by then: after a departure, and after everything else that may come with one.
 */
const departureGraceMs = 5_000;
const graceMs = 300;

/** A password dialog, from when polkit is asked until polkit has answered. */
export class OpenDialog {
  /** Number of the user who is asked. */
  readonly user: number;
  /** How it was ended without an answer, which may never come; does not settle where it was not. */
  readonly ended: Promise<'denied' | 'left'>;
  readonly #cancel: () => void;
  #settle: (how: 'denied' | 'left') => void = () => undefined;
  #timer: NodeJS.Timeout;
  #hasLeft = false;

  /** @param cancel has polkit close it; may be called more than once. It must not throw */
  constructor(user: number, cancel: () => void) {
    this.user = user;
    this.#cancel = cancel;
    this.ended = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#timer = setTimeout(() => this.#end('denied', graceMs), dialogTimeoutMs);
  }

  /** The caller has left the bus. */
  leave(): void {
    this.#hasLeft = true;
    this.#end('left', departureGraceMs);
  }

  /** Nobody wants its answer any more. */
  drop(): void {
    if (!this.#hasLeft) this.#end('denied', graceMs);
  }

  /** polkit has answered: there is nothing left to cancel. */
  close(): void {
    clearTimeout(this.#timer);
  }

  #end(how: 'denied' | 'left', cancelAfterMs: number): void {
    this.#settle(how);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#cancel, cancelAfterMs);
  }
}
