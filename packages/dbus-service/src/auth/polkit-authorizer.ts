// SPDX-License-Identifier: LGPL-2.1-or-later
import { isAboutGoneCaller, type OutgoingCall } from '../host/messages.js';
import type { Log } from '../log.js';
import type { TypedValue } from '../protocol/contract-types.js';
import type { AuthorizationRequest, Authorizer, Decision } from './authorizer.js';
import type { BusUsers } from '../host/bus-users.js';
import { FairSlots } from '../fair-slots.js';

/** What the authorizer needs of the bus. */
export interface AuthorizationBus {
  call(call: OutgoingCall): Promise<readonly unknown[]>;
  watchDeparture(uniqueName: string, onGone: () => void): () => void;
}

const authority = {
  destination: 'org.freedesktop.PolicyKit1',
  path: '/org/freedesktop/PolicyKit1/Authority',
  interface: 'org.freedesktop.PolicyKit1.Authority',
} as const;
const allowUserInteraction = 1;
const checkTimeoutMs = 10_000;
/** After it the dialog is cancelled. */
const dialogTimeoutMs = 5 * 60_000;
/**
 * A caller who leaves ends polkit's dialog, too: polkit watches the bus itself. To cancel it in that same moment can stop
 * polkitd for good, with GLib 2.84: docs/decisions/0009. So it is cancelled only when polkit has not ended it by then.
 */
const departureTimeoutMs = 5_000;
/** Open password dialogs of one user, over all connections: one person answers one at a time. */
const maxDialogsPerUser = 4;
/**
 * The bus lets 128 of our calls wait for an answer, and fails those beyond: 32 checks, 48 dialogs and as many calls that
 * cancel them are as many.
 */
const maxDialogs = 48;
const maxChecks = 32;
const maxChecksPerUser = 8;

/** Asks polkitd (org.freedesktop.PolicyKit1.Authority.CheckAuthorization). Every failure grants nothing. */
export class PolkitAuthorizer implements Authorizer {
  readonly #bus: AuthorizationBus;
  readonly #log: Log;
  /** Checks without a dialog, which take polkit some milliseconds. Dialogs stay open: they are counted apart. */
  readonly #checks = new FairSlots(maxChecks, maxChecksPerUser);
  /** Open dialogs by user. */
  readonly #dialogs = new Map<number, number>();
  readonly #users: BusUsers;
  /** What ends each dialog, by the name under which polkit cancels it; there until polkit has answered. */
  readonly #cancellations = new Map<string, () => void>();
  #nextCancellation = 1;
  #stopped = false;

  constructor(bus: AuthorizationBus, users: BusUsers, log: Log) {
    this.#bus = bus;
    this.#users = users;
    this.#log = log;
  }

  async decide(request: AuthorizationRequest): Promise<Decision> {
    let decision: Decision;
    try {
      // Whoever needs no dialog gets none, and opens none that would count.
      const user = await this.#users.userOf(request.sender);
      decision = await this.#checks.run(user, () => this.#check(request, 0, ''));
    } catch (error) {
      if (isAboutGoneCaller(error)) return 'left';
      this.#log.error(`${request.action} not granted to ${request.sender}: no answer of polkit`, error);
      return 'unanswered';
    }
    try {
      if (decision !== 'challenge' || !request.interactive) return decision;
      return await this.#checkWithDialog(request);
    } catch (error) {
      if (isAboutGoneCaller(error)) return 'left';
      this.#log.error(`${request.action} denied to ${request.sender}`, error);
      return 'denied';
    }
  }

  stop(): void {
    this.#stopped = true;
    for (const end of this.#cancellations.values()) end();
  }

  async #checkWithDialog(request: AuthorizationRequest): Promise<Decision> {
    const { sender, cancelled, onDialog } = request;
    const user = await this.#users.userOf(sender);
    const open = this.#dialogs.get(user) ?? 0;
    if (this.#stopped || cancelled?.aborted) return 'denied';
    if (open >= maxDialogsPerUser) {
      this.#log.info(`user ${user} has ${open} dialogs open already: denied to ${sender}`);
      return 'denied';
    }
    if (this.#cancellations.size >= maxDialogs) {
      this.#log.info(`${maxDialogs} dialogs are open already: denied to ${sender}`);
      return 'denied';
    }
    this.#dialogs.set(user, open + 1);
    const cancellation = `vgpud-${this.#nextCancellation++}`;
    let settle: (how: 'denied' | 'left') => void = ignore;
    const ended = new Promise<'denied' | 'left'>((resolve) => {
      settle = resolve;
    });
    let departure: NodeJS.Timeout | undefined;
    const leave = () => {
      settle('left');
      departure = setTimeout(() => this.#cancel(cancellation), departureTimeoutMs);
    };
    const drop = () => {
      settle('denied');
      if (departure === undefined) this.#cancel(cancellation);
    };
    this.#cancellations.set(cancellation, drop);
    const unwatch = this.#bus.watchDeparture(sender, leave);
    cancelled?.addEventListener('abort', drop);
    try {
      onDialog?.();
      const answered = this.#check(request, allowUserInteraction, cancellation).finally(() => {
        clearTimeout(departure);
        this.#close(cancellation, user);
      });
      // Whoever ended it does not wait for polkit, which may say nothing for minutes.
      const decision = await Promise.race([ended, answered]);
      // A dialog that was dismissed is still a challenge for polkit: for us it is an answer.
      return decision === 'challenge' ? 'denied' : decision;
    } catch (error) {
      // It would stay open when nobody waits for it any more.
      this.#cancel(cancellation);
      throw error;
    } finally {
      unwatch();
      cancelled?.removeEventListener('abort', drop);
    }
  }

  #close(cancellation: string, user: number): void {
    this.#cancellations.delete(cancellation);
    const left = (this.#dialogs.get(user) ?? 1) - 1;
    if (left > 0) this.#dialogs.set(user, left);
    else this.#dialogs.delete(user);
  }

  async #check(request: AuthorizationRequest, flags: number, cancellation: string): Promise<Decision> {
    const name: TypedValue = { signature: 's', value: request.sender };
    const subject = ['system-bus-name', { name }];
    const [result] = await this.#bus.call({
      ...authority,
      member: 'CheckAuthorization',
      body: { signature: '(sa{sv})sa{ss}us', values: [subject, request.action, request.details, flags, cancellation] },
      timeoutMs: flags === allowUserInteraction ? dialogTimeoutMs : checkTimeoutMs,
    });
    return readDecision(result);
  }

  #cancel(cancellation: string): void {
    this.#bus
      .call({
        ...authority,
        member: 'CancelCheckAuthorization',
        body: { signature: 's', values: [cancellation] },
        timeoutMs: checkTimeoutMs,
      })
      .catch((error: unknown) => this.#log.error(`cannot cancel ${cancellation}`, error));
  }
}

const ignore = () => undefined;

/** `(bba{ss})`: is_authorized, is_challenge, details. Only a true `true` grants. */
function readDecision(result: unknown): Decision {
  if (!Array.isArray(result)) return 'denied';
  const [authorized, challenge]: unknown[] = result;
  if (authorized === true) return 'granted';
  return challenge === true ? 'challenge' : 'denied';
}
