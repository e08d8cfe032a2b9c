// SPDX-License-Identifier: LGPL-2.1-or-later

const mebibyte = 1024 * 1024;
/**
 * What one user's connections may have unread of our answers, in bytes, before the next is made. dbus-daemon keeps what
 * is unread, and reads nothing more from us, for anybody, once that is 127 MiB.
 */
const maxPerUser = 8 * mebibyte;
/** The same for the next answer to a connection that has itself read everything: not all suffer for one that hangs. */
const maxBesideReader = 24 * mebibyte;
/** When all users have more than that unread, whoever has more than the second number waits. */
const maxOfAll = 64 * mebibyte;
const maxPerUserThen = mebibyte;
/** Between two looks at what is unread. */
const pauseMs = 250;
/** What of a user's counts as read after each look, where the bus does not tell: 4 MiB a second. */
const forgivenPerLook = mebibyte;
/** Connections that are kept in mind without a look at whether they are still there. */
const maxUnseen = 1024;

export interface UnreadRepliesOptions {
  /** Bytes that the bus keeps for that connection; `gone` when it has left, undefined when the bus does not tell. */
  unreadOf(sender: string): Promise<number | 'gone' | undefined>;
  /** Somebody who was refused may have answers again. */
  onRoom(): void;
}

interface Receiver {
  readonly user: number;
  bytes: number;
}

/** Knows who does not read what was answered. */
export class UnreadReplies {
  readonly #options: UnreadRepliesOptions;
  /** At most what is unread, by connection and by user. */
  readonly #receivers = new Map<string, Receiver>();
  readonly #users = new Map<number, number>();
  #total = 0;
  /** Connections that were refused, with their users. */
  readonly #refused = new Map<string, number>();
  #looking = false;
  #sizeAfterLook = 0;
  #ended = false;

  constructor(options: UnreadRepliesOptions) {
    this.#options = options;
  }

  /** Whether the next call of that connection may be answered. When not, `onRoom` tells when to ask again. */
  mayAnswer(sender: string, user: number): boolean {
    if (!this.#hasRoom(sender, user)) {
      this.#refused.set(sender, user);
      void this.#look();
      return false;
    }
    if (!this.#receivers.has(sender)) this.#receivers.set(sender, { user, bytes: 0 });
    if (this.#receivers.size > this.#sizeAfterLook + maxUnseen) void this.#look();
    return true;
  }

  answered(sender: string, bytes: number): void {
    const receiver = this.#receivers.get(sender);
    if (receiver !== undefined) this.#change(receiver, bytes);
  }

  /** Ends the looks. */
  end(): void {
    this.#ended = true;
  }

  #hasRoom(sender: string, user: number): boolean {
    const unread = this.#users.get(user) ?? 0;
    if (this.#total > maxOfAll) return unread <= maxPerUserThen;
    const hasReadAll = (this.#receivers.get(sender)?.bytes ?? 0) === 0;
    return unread <= (hasReadAll ? maxBesideReader : maxPerUser);
  }

  #change(receiver: Receiver, bytes: number): void {
    receiver.bytes += bytes;
    this.#total += bytes;
    const ofUser = (this.#users.get(receiver.user) ?? 0) + bytes;
    if (ofUser > 0) this.#users.set(receiver.user, ofUser);
    else this.#users.delete(receiver.user);
  }

  /** Until nobody is refused. Once at least at everybody when there are many, of whom most have left. */
  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    do {
      const all = this.#receivers.size > this.#sizeAfterLook + maxUnseen;
      await this.#measure(all ? undefined : new Set(this.#refused.values()));
      if (all) this.#sizeAfterLook = this.#receivers.size;
      if ([...this.#refused].some(([sender, user]) => this.#hasRoom(sender, user))) {
        this.#refused.clear();
        // Whoever still has too much unread is refused again.
        this.#options.onRoom();
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs).unref());
    } while (this.#refused.size > 0 && !this.#ended);
    this.#looking = false;
  }

  /** @param users undefined: all */
  async #measure(users?: ReadonlySet<number>): Promise<void> {
    const forgiven = new Map<number, number>();
    for (const [sender, receiver] of this.#receivers) {
      if (this.#ended) return;
      if (users?.has(receiver.user) === false || (receiver.bytes === 0 && users !== undefined)) continue;
      const before = receiver.bytes;
      const unread = await this.#options.unreadOf(sender);
      if (unread === 'gone') {
        this.#change(receiver, -receiver.bytes);
        this.#receivers.delete(sender);
      } else if (unread === undefined) {
        const left = forgiven.get(receiver.user) ?? forgivenPerLook;
        const read = Math.min(before, left);
        forgiven.set(receiver.user, left - read);
        this.#change(receiver, -read);
      } else {
        // What was sent since it was asked for is not in it.
        this.#change(receiver, Math.min(unread, before) - before);
      }
    }
  }
}
