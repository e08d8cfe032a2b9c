// SPDX-License-Identifier: LGPL-2.1-or-later

/** Calls of one caller that wait for their turn; as many as the system bus lets wait for an answer, and more. */
const maxWaitingPerSender = 256;
/** What may wait of one caller and of all, in bytes. Who has nothing that waits may always have one more. */
const maxBytesPerSender = 128 * 1024;
const maxBytes = 32 * 1024 * 1024;

interface Turn {
  readonly bytes: number;
  begin(): void;
}

interface Caller {
  readonly turns: Turn[];
  bytes: number;
}

/** Lets callers take turns, one call each, however many calls somebody has sent at once. */
export class FairTurns {
  /** What waits, by caller; the first of the map is next. */
  readonly #waiting = new Map<string, Caller>();
  #bytes = 0;
  #running = false;

  /** Why a call of so many bytes may not wait; undefined when it may. */
  refusal(sender: string, bytes: number): string | undefined {
    const own = this.#waiting.get(sender);
    if (own === undefined) return undefined;
    if (own.turns.length < maxWaitingPerSender && own.bytes + bytes <= maxBytesPerSender) {
      return this.#bytes + bytes <= maxBytes ? undefined : `calls of ${this.#bytes} bytes wait already`;
    }
    return `${own.turns.length} calls of ${sender} wait already, of ${own.bytes} bytes`;
  }

  /** Does the work when it is the caller's turn; at once when nobody waits. Settles when it is done. */
  async run(sender: string, bytes: number, work: () => void): Promise<void> {
    if (this.#running) await this.#turn(sender, bytes);
    else this.#letInput();
    work();
  }

  #turn(sender: string, bytes: number): Promise<void> {
    const own = this.#waiting.get(sender) ?? { turns: [], bytes: 0 };
    this.#waiting.set(sender, own);
    own.bytes += bytes;
    this.#bytes += bytes;
    return new Promise((resolve) => own.turns.push({ bytes, begin: resolve }));
  }

  /** The answer that was begun is written, and what has arrived meanwhile is read, before the next turn. */
  #letInput(): void {
    this.#running = true;
    setImmediate(() => this.#next());
  }

  #next(): void {
    this.#running = false;
    const [first] = this.#waiting;
    if (first === undefined) return;
    const [sender, own] = first;
    this.#waiting.delete(sender);
    const turn = own.turns.shift();
    const bytes = turn?.bytes ?? 0;
    own.bytes -= bytes;
    this.#bytes -= bytes;
    // Whoever has more goes to the end.
    if (own.turns.length > 0) this.#waiting.set(sender, own);
    this.#letInput();
    turn?.begin();
  }
}
