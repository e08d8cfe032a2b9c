// SPDX-License-Identifier: LGPL-2.1-or-later
import { setTimeout as delay } from 'node:timers/promises';
import dbus from 'dbus-next';
import type { ProcessSubject } from './dbus-service-client.js';
import { Waiters } from './waiters.js';

const agentPath = '/org/test/PolicyKit1/AuthenticationAgent';
const agentInterface = 'org.freedesktop.PolicyKit1.AuthenticationAgent';

interface RawMessage {
  readonly interface: string;
  readonly member: string;
  readonly body: readonly unknown[];
}

interface RawBus {
  addMethodHandler(handler: (message: RawMessage) => boolean): void;
  send(message: unknown): void;
}

/** A question of polkit's that somebody is to answer. */
export interface Dialog {
  readonly action: string;
  /** What the dialog says. */
  readonly message: string;
  /** Whether polkit has taken the question back. */
  readonly cancelled: boolean;
  /** As with the right password, of somebody who takes so long to type it. */
  grant(takesMs?: number): Promise<void>;
  /** As with a wrong one, or when it is dismissed. */
  deny(): void;
}

interface Question {
  readonly action: string;
  readonly message: string;
  readonly cookie: string;
  readonly identities: readonly unknown[];
  readonly reply: () => void;
}

/**
 * An authentication agent for one process, registered with polkitd as a desktop registers its own. What the user would
 * do at the dialog the test does, when it likes. Needs root: in place of the password it uses root's right to vouch.
 */
export class PolkitAgent implements Disposable {
  readonly #bus: dbus.MessageBus;
  readonly #open = new Map<string, { cancelled: boolean; deny(): void; readonly dialog: Dialog }>();
  readonly #dialogs: Dialog[] = [];
  readonly #waiters = new Waiters();

  private constructor(bus: dbus.MessageBus) {
    this.#bus = bus;
    (bus as unknown as RawBus).addMethodHandler((message) => this.#handle(message));
  }

  static async register(busAddress: string, { pid, startTime }: ProcessSubject): Promise<PolkitAgent> {
    const agent = new PolkitAgent(dbus.sessionBus({ busAddress }));
    const subject = [
      'unix-process',
      { pid: new dbus.Variant('u', pid), 'start-time': new dbus.Variant('t', BigInt(startTime)) },
    ];
    await agent.#callPolkit('RegisterAuthenticationAgent', '(sa{sv})ss', [subject, 'C.UTF-8', agentPath]);
    return agent;
  }

  /** The next question, counted from 0. */
  async dialog(index = 0): Promise<Dialog> {
    await this.#waiters.until(`dialog ${index}`, () => this.#dialogs[index] !== undefined);
    return this.#dialogs[index] as Dialog;
  }

  async cancelled(dialog: Dialog): Promise<void> {
    await this.#waiters.until('the end of the dialog', () => dialog.cancelled);
  }

  /** How many there were. */
  get count(): number {
    return this.#dialogs.length;
  }

  [Symbol.dispose](): void {
    this.#bus.disconnect();
  }

  #handle(message: RawMessage): boolean {
    if (message.interface !== agentInterface) return false;
    const reply = () => (this.#bus as unknown as RawBus).send(dbus.Message.newMethodReturn(message as never, '', []));
    if (message.member === 'BeginAuthentication') {
      const [action, text, , , cookie, identities] = message.body as [
        string,
        string,
        string,
        unknown,
        string,
        unknown[],
      ];
      this.#begin({ action, message: text, cookie, identities, reply });
    } else {
      const [cookie] = message.body as [string];
      const open = this.#open.get(cookie);
      if (open !== undefined) open.cancelled = true;
      reply();
      open?.deny();
    }
    this.#waiters.wake();
    return true;
  }

  #begin({ action, message, cookie, identities, reply }: Question): void {
    let over = false;
    const end = () => {
      if (!over) reply();
      over = true;
    };
    const state = { cancelled: false, deny: end, dialog: undefined as unknown as Dialog };
    const grant = async (takesMs = 0) => {
      await delay(takesMs);
      const identity = identities[0];
      // The older form: whose number the newer one wants differs between polkit 122 and 126.
      await this.#callPolkit('AuthenticationAgentResponse', 's(sa{sv})', [cookie, identity]);
      end();
    };
    state.dialog = {
      action,
      message,
      get cancelled() {
        return state.cancelled;
      },
      grant,
      deny: end,
    };
    this.#open.set(cookie, state);
    this.#dialogs.push(state.dialog);
  }

  async #callPolkit(member: string, signature: string, body: unknown[]): Promise<void> {
    const message = new dbus.Message({
      destination: 'org.freedesktop.PolicyKit1',
      path: '/org/freedesktop/PolicyKit1/Authority',
      interface: 'org.freedesktop.PolicyKit1.Authority',
      member,
      signature,
      body,
    });
    await this.#bus.call(message);
  }
}
