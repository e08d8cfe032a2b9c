// SPDX-License-Identifier: LGPL-2.1-or-later

/** Calls of one caller that wait for their turn; as many as the system bus lets wait for an answer, and more. */
const maxWaitingPerSender = 256;
/** What may wait of one caller and of all, in bytes. Who has nothing that waits may always have one more. */
const maxBytesPerSender = 128 * 1024;
const maxBytes = 32 * 1024 * 1024;
/** A call of more bytes is heavy: decoding one of 64 KiB can take half a second. */
const maxLightBytes = 4 * 1024;

interface Turn {
  readonly bytes: number;
  begin(): void;
}

interface Caller {
  readonly turns: Turn[];
  bytes: number;
}

/**
 * Lets callers take turns, one call each, however many calls somebody has sent at once. Callers whose next call is heavy
 * take turns among themselves, with every other turn: whoever sends a light one waits for one of those, not for one of
 * each.
 */
export class FairTurns {
  /** What waits, by caller. */
  readonly #waiting = new Map<string, Caller>();
  /** Callers whose next call is light, and heavy; the first is next. */
  readonly #light = new Set<string>();
  readonly #heavy = new Set<string>();
  #heavyFirst = false;
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
    return new Promise((resolve) => {
      own.turns.push({ bytes, begin: resolve });
      if (own.turns.length === 1) this.#laneOf(bytes).add(sender);
    });
  }

  /** The answer that was begun is written, and what has arrived meanwhile is read, before the next turn. */
  #letInput(): void {
    this.#running = true;
    setImmediate(() => this.#next());
  }

  #next(): void {
    this.#running = false;
    const heavyFirst = this.#heavyFirst;
    this.#heavyFirst = !heavyFirst;
    const [first, second] = heavyFirst ? [this.#heavy, this.#light] : [this.#light, this.#heavy];
    const lane = first.size > 0 ? first : second;
    const [sender] = lane;
    if (sender === undefined) return;
    lane.delete(sender);
    const begin = this.#take(sender);
    this.#letInput();
    begin?.();
  }

  /** The caller's next call, which waits no more. Whoever has more goes to the end. */
  #take(sender: string): (() => void) | undefined {
    const own = this.#waiting.get(sender);
    const turn = own?.turns.shift();
    if (own === undefined || turn === undefined) return undefined;
    own.bytes -= turn.bytes;
    this.#bytes -= turn.bytes;
    const [next] = own.turns;
    if (next === undefined) this.#waiting.delete(sender);
    else this.#laneOf(next.bytes).add(sender);
    return turn.begin;
  }

  #laneOf(bytes: number): Set<string> {
    return bytes > maxLightBytes ? this.#heavy : this.#light;
  }
}
