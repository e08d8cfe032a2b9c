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
    const asked = this.#ask(sender);
    this.#users.set(sender, asked);
    asked.catch(() => this.#users.delete(sender));
    return asked;
  }

  async #ask(sender: string): Promise<number> {
    const [user] = await this.#bus.call({
      destination: 'org.freedesktop.DBus',
      path: '/org/freedesktop/DBus',
      interface: 'org.freedesktop.DBus',
      member: 'GetConnectionUnixUser',
      body: { signature: 's', values: [sender] },
      timeoutMs: askTimeoutMs,
    });
    if (typeof user !== 'number') throw new Error(`the bus does not say whose connection ${sender} is`);
    return user;
  }
}
