// SPDX-License-Identifier: LGPL-2.1-or-later

/** Calls of one caller that wait for their turn; as many as the system bus lets wait for an answer, and more. */
const maxWaitingPerSender = 256;
/** What may wait of one caller, of one user and of all, in bytes. Who has nothing that waits may always have one more. */
const maxBytesPerSender = 128 * 1024;
const maxBytesPerUser = 4 * 1024 * 1024;
const maxBytes = 32 * 1024 * 1024;
/** A call of more bytes is heavy: decoding one of 64 KiB can take half a second. */
const maxLightBytes = 4 * 1024;
/** Of callers of whom the bus does not say whose they are. */
const unknownUser = -1;

export interface FairTurnsOptions {
  /** Number of a caller's user; rejects when it has left. */
  userOf(sender: string): Promise<number>;
  /** Whether there is room for an answer; `resume` is called when there is again. */
  hasRoom(): boolean;
  /** Whether that caller may have an answer now; `resume` is called when it may later. */
  mayAnswer(sender: string, user: number): boolean;
}

interface Turn {
  readonly bytes: number;
  readonly work: () => void;
  over(): void;
}

interface Caller {
  readonly turns: Turn[];
  bytes: number;
  /** undefined until the bus has said it. */
  user: number | undefined;
}

/**
 * Lets callers take turns, one call each, however many calls somebody has sent at once. Callers whose next call is heavy
 * take turns among themselves, with every other turn: whoever sends a light one waits for one of those, not for one of
 * each.
 */
export class FairTurns {
  readonly #options: FairTurnsOptions;
  /** What waits, by caller. */
  readonly #waiting = new Map<string, Caller>();
  /** Callers whose next call is light, and heavy; the first is next. */
  readonly #light = new Set<string>();
  readonly #heavy = new Set<string>();
  /** Callers who may have no answer now. */
  readonly #held = new Set<string>();
  /** Bytes that wait, by user. */
  readonly #users = new Map<number, number>();
  #heavyFirst = false;
  #bytes = 0;
  #scheduled = false;
  #holds = true;

  constructor(options: FairTurnsOptions) {
    this.#options = options;
  }

  /** Why a call of so many bytes may not wait; undefined when it may. */
  refusal(sender: string, bytes: number): string | undefined {
    const own = this.#waiting.get(sender);
    if (own === undefined) return undefined;
    if (own.turns.length >= maxWaitingPerSender || own.bytes + bytes > maxBytesPerSender) {
      return `${own.turns.length} calls of ${sender} wait already, of ${own.bytes} bytes`;
    }
    const ofUser = this.#users.get(own.user ?? unknownUser) ?? 0;
    if (ofUser + bytes > maxBytesPerUser) return `calls of user ${own.user} of ${ofUser} bytes wait already`;
    return this.#bytes + bytes <= maxBytes ? undefined : `calls of ${this.#bytes} bytes wait already`;
  }

  /** The system bus lets fewer calls wait for an answer, so that there all may. */
  mayWaitForRefusal(sender: string): boolean {
    return (this.#waiting.get(sender)?.turns.length ?? 0) < 2 * maxWaitingPerSender;
  }

  /** Does the work when it is the caller's turn. Settles when it is done, or dropped at the end. */
  run(sender: string, bytes: number, work: () => void): Promise<void> {
    const own = this.#waiting.get(sender) ?? this.#meet(sender);
    return new Promise((over) => {
      own.turns.push({ bytes, work, over });
      this.#count(own, bytes);
      if (own.turns.length === 1 && own.user !== undefined) this.#line(sender, bytes);
    });
  }

  /** To be called when there is room again, or somebody may have answers again. */
  resume(): void {
    for (const sender of this.#held) this.#line(sender, this.#waiting.get(sender)?.turns[0]?.bytes ?? 0);
    this.#held.clear();
    this.#schedule();
  }

  /** From now on a call of somebody who may have no answer is dropped, since nobody waits for him at the end. */
  dropHeld(): void {
    this.#holds = false;
    for (const sender of this.#held) this.#drop(sender);
    this.#held.clear();
  }

  #meet(sender: string): Caller {
    const caller: Caller = { turns: [], bytes: 0, user: undefined };
    this.#waiting.set(sender, caller);
    const know = (user: number) => {
      caller.user = user;
      this.#users.set(user, (this.#users.get(user) ?? 0) + caller.bytes);
      const [first] = caller.turns;
      if (first !== undefined) this.#line(sender, first.bytes);
    };
    this.#options.userOf(sender).then(know, () => know(unknownUser));
    return caller;
  }

  #count(caller: Caller, bytes: number): void {
    caller.bytes += bytes;
    this.#bytes += bytes;
    if (caller.user === undefined) return;
    const ofUser = (this.#users.get(caller.user) ?? 0) + bytes;
    if (ofUser > 0) this.#users.set(caller.user, ofUser);
    else this.#users.delete(caller.user);
  }

  #line(sender: string, bytes: number): void {
    (bytes > maxLightBytes ? this.#heavy : this.#light).add(sender);
    this.#schedule();
  }

  /** The answer that was begun is written, and what has arrived meanwhile is read, before the next turn. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#options.hasRoom()) this.#next();
    });
  }

  #next(): void {
    const heavyFirst = this.#heavyFirst;
    this.#heavyFirst = !heavyFirst;
    const lanes = heavyFirst ? [this.#heavy, this.#light] : [this.#light, this.#heavy];
    for (const lane of lanes) {
      for (const sender of lane) {
        lane.delete(sender);
        if (!this.#mayAnswer(sender)) continue;
        this.#schedule();
        this.#take(sender);
        return;
      }
    }
  }

  #mayAnswer(sender: string): boolean {
    const user = this.#waiting.get(sender)?.user ?? unknownUser;
    if (this.#options.mayAnswer(sender, user)) return true;
    if (this.#holds) this.#held.add(sender);
    else this.#drop(sender);
    return false;
  }

  /** Begins the caller's next call, which waits no more. Whoever has more goes to the end. */
  #take(sender: string): void {
    const own = this.#waiting.get(sender);
    const turn = own?.turns.shift();
    if (own === undefined || turn === undefined) return;
    this.#count(own, -turn.bytes);
    const [next] = own.turns;
    if (next === undefined) this.#waiting.delete(sender);
    else this.#line(sender, next.bytes);
    turn.work();
    turn.over();
  }

  #drop(sender: string): void {
    const own = this.#waiting.get(sender);
    if (own === undefined) return;
    this.#waiting.delete(sender);
    this.#count(own, -own.bytes);
    for (const turn of own.turns) turn.over();
  }
}
