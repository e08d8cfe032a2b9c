// SPDX-License-Identifier: LGPL-2.1-or-later
import type { OutgoingCall } from './messages.js';

const askTimeoutMs = 10_000;
/** Connections whose user is remembered; the bus gives no unique name twice. */
const maxKnownSenders = 1024;

/** Whose connections callers are. */
export class BusUsers {
  readonly #bus: { call(call: OutgoingCall): Promise<readonly unknown[]> };
  readonly #users = new Map<string, Promise<number>>();

  constructor(bus: { call(call: OutgoingCall): Promise<readonly unknown[]> }) {
    this.#bus = bus;
  }

  /** Number of the user; rejects when the connection is gone. */
  userOf(sender: string): Promise<number> {
    const known = this.#users.get(sender);
    if (known !== undefined) return known;
    const [oldest] = this.#users.keys();
    if (oldest !== undefined && this.#users.size >= maxKnownSenders) this.#users.delete(oldest);
    const asked = this.#askUser(sender);
    this.#users.set(sender, asked);
    asked.catch(() => this.#users.delete(sender));
    return asked;
  }

  /** Whether the connection is there now; not, when the bus cannot tell. Never rejects. */
  async isPresent(sender: string): Promise<boolean> {
    try {
      return (await this.#ask('NameHasOwner', sender)) === true;
    } catch {
      return false;
    }
  }

  async #askUser(sender: string): Promise<number> {
    const user = await this.#ask('GetConnectionUnixUser', sender);
    if (typeof user !== 'number') throw new Error(`the bus does not say whose connection ${sender} is`);
    return user;
  }

  async #ask(member: 'GetConnectionUnixUser' | 'NameHasOwner', sender: string): Promise<unknown> {
    const [answer] = await this.#bus.call({
      destination: 'org.freedesktop.DBus',
      path: '/org/freedesktop/DBus',
      interface: 'org.freedesktop.DBus',
      member,
      body: { signature: 's', values: [sender] },
      timeoutMs: askTimeoutMs,
    });
    return answer;
  }
}
