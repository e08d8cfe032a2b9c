// SPDX-License-Identifier: LGPL-2.1-or-later
import { isAboutGoneCaller, type OutgoingCall } from '../host/messages.js';
import type { Log } from '../log.js';
import type { TypedValue } from '../protocol/contract-types.js';
import type { AuthorizationRequest, Authorizer, Decision } from './authorizer.js';
import type { BusUsers } from '../host/bus-users.js';
import { FairSlots } from '../fair-slots.js';
import { dialogTimeoutMs, OpenDialog } from './open-dialog.js';

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
/** polkit answers soon after a dialog is cancelled. */
const dialogCheckTimeoutMs = dialogTimeoutMs + 30_000;
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
  readonly #users: BusUsers;
  readonly #openDialogs = new Set<OpenDialog>();
  #nextCancellation = 1;
  /** Deny what is not decided yet. */
  readonly #denials = new Set<() => void>();
  #stopped = false;

  constructor(bus: AuthorizationBus, users: BusUsers, log: Log) {
    this.#bus = bus;
    this.#users = users;
    this.#log = log;
  }

  async decide(request: AuthorizationRequest): Promise<Decision> {
    if (this.#stopped) return 'denied';
    let deny: () => void = ignore;
    const denied = new Promise<Decision>((resolve) => {
      deny = () => resolve('denied');
    });
    this.#denials.add(deny);
    try {
      // Whatever polkit does, the end of the service does not wait for it.
      return await Promise.race([denied, this.#decide(request)]);
    } finally {
      this.#denials.delete(deny);
    }
  }

  stop(): void {
    this.#stopped = true;
    for (const dialog of this.#openDialogs) dialog.drop();
    for (const deny of this.#denials) deny();
  }

  /** Never rejects. */
  async #decide(request: AuthorizationRequest): Promise<Decision> {
    try {
      // Whoever needs no dialog gets none, and opens none that would count.
      const user = await this.#users.userOf(request.sender);
      const decision = await this.#checks.run(user, async () =>
        this.#stopped ? 'denied' : this.#check(request, 0, '', checkTimeoutMs),
      );
      if (decision !== 'challenge' || !request.interactive) return decision;
      return await this.#checkWithDialog(request, user);
    } catch (error) {
      if (isAboutGoneCaller(error)) return 'left';
      this.#log.error(`${request.action} not granted to ${request.sender}: no answer of polkit`, error);
      return 'unanswered';
    }
  }

  async #checkWithDialog(request: AuthorizationRequest, user: number): Promise<Decision> {
    const { sender, cancelled, onDialog } = request;
    const { length: open } = [...this.#openDialogs].filter((dialog) => dialog.user === user);
    if (this.#stopped || cancelled?.aborted) return 'denied';
    if (open >= maxDialogsPerUser || this.#openDialogs.size >= maxDialogs) {
      this.#log.info(`user ${user} has ${open} of ${this.#openDialogs.size} dialogs open: no more for ${sender}`);
      return 'busy';
    }
    const cancellation = `vgpud-${this.#nextCancellation++}`;
    const dialog = new OpenDialog(user, () => this.#cancel(cancellation));
    this.#openDialogs.add(dialog);
    const unwatch = this.#bus.watchDeparture(sender, () => dialog.leave());
    const drop = () => dialog.drop();
    cancelled?.addEventListener('abort', drop);
    onDialog?.();
    const answered = this.#check(request, allowUserInteraction, cancellation, dialogCheckTimeoutMs).finally(() => {
      dialog.close();
      unwatch();
      cancelled?.removeEventListener('abort', drop);
      this.#openDialogs.delete(dialog);
    });
    // Whoever ended it does not wait for polkit, which may say nothing for minutes.
    const decision = await Promise.race([dialog.ended, answered]);
    // A dialog that was dismissed is still a challenge for polkit: for us it is an answer.
    return decision === 'challenge' ? 'denied' : decision;
  }

  async #check(
    request: AuthorizationRequest,
    flags: number,
    cancellation: string,
    timeoutMs: number,
  ): Promise<Decision> {
    const name: TypedValue = { signature: 's', value: request.sender };
    const subject = ['system-bus-name', { name }];
    const [result] = await this.#bus.call({
      ...authority,
      member: 'CheckAuthorization',
      body: { signature: '(sa{sv})sa{ss}us', values: [subject, request.action, request.details, flags, cancellation] },
      timeoutMs,
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
