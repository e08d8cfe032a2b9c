// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError, type Clock, type PlanStep, type StepProgress } from '@vgpu/core';
import type { ErrorAnswer } from '../host/messages.js';
import { formatStep } from '../methods/steps.js';
import type { NeededGrant } from '../methods/needed-grants.js';
import type { Dictionary } from '../protocol/contract-types.js';
import type { PropertiesOf } from '../protocol/members.js';
import { formatErrorName } from '../protocol/names.js';
import { formatOperationPath } from '../protocol/paths.js';

/** `undefined`: nobody knows of it, since its caller may still be refused. */
type State = 'waiting-for-authorization' | 'running' | 'done' | 'failed' | 'rolled-back' | undefined;

/** Where nobody can show a dialog polkit answers at once, and as often as somebody asks: that is no news for all. */
export const dialogShownAfterMs = 500;

/** A change was cancelled, and the host is as before: nobody's failure. */
export class CancelledError extends DeviceError {
  constructor(message: string, details: DeviceError['details'] = {}) {
    super('RolledBack', message, { details });
  }
}

export interface OperationOptions {
  /** No other operation has it, also of an earlier run; later ones have greater ones. */
  readonly number: number;
  readonly id: string;
  readonly kind: string;
  readonly target: string;
  readonly callerUid: number;
  readonly clock: Clock;
  /** Told after everything that its properties show. */
  onChange(operation: Operation): void;
}

/** One change from when it is asked for until it is forgotten. */
export class Operation {
  readonly #options: OperationOptions;
  readonly #cancellation = new AbortController();
  readonly #end = new AbortController();
  readonly #progress = new Map<PlanStep, StepProgress>();
  readonly #stepErrors = new Map<PlanStep, DeviceError>();
  #steps: readonly PlanStep[] = [];
  #state: State;
  #startedUsec = 0n;
  #error: ErrorAnswer = { errorName: '', message: '' };
  #accepted = false;
  #isIdFree = false;
  #hadDialog = false;
  /** What it needs; whoever cancels another user's operation needs it too. */
  grants: readonly NeededGrant[] = [];

  constructor(options: OperationOptions) {
    this.#options = options;
  }

  get path(): string {
    return formatOperationPath(this.#options.number);
  }

  get id(): string {
    return this.#options.id;
  }

  get callerUid(): number {
    return this.#options.callerUid;
  }

  /** Whether clients see it. */
  get published(): boolean {
    return this.#state !== undefined;
  }

  get over(): boolean {
    return this.#state === 'done' || this.#state === 'failed' || this.#state === 'rolled-back';
  }

  /** Aborted when it is cancelled; the reason is the error that its caller gets where nothing was done. */
  get cancelled(): AbortSignal {
    return this.#cancellation.signal;
  }

  /** Aborted when it is over. */
  get ended(): AbortSignal {
    return this.#end.signal;
  }

  /** Whether its caller might make the change. */
  get accepted(): boolean {
    return this.#accepted;
  }

  /** A password dialog opens: clients see it when it stays open for a moment. */
  async waitForAuthorization(): Promise<void> {
    this.#hadDialog = true;
    await this.#options.clock.delay(dialogShownAfterMs);
    if (this.#state === undefined && !this.ended.aborted) this.#enter('waiting-for-authorization');
  }

  /** Its caller may make the change. */
  accept(): void {
    this.#accepted = true;
    this.#enter('running');
  }

  /** Whether its id can be that of another change. */
  get isIdFree(): boolean {
    return this.#isIdFree;
  }

  /** Its caller left, and nothing was begun. */
  freeId(): void {
    this.#isIdFree = true;
  }

  /** Its caller may not make it. Another one may, unless somebody was asked, whose answer is for all. */
  refuse(): void {
    if (!this.#hadDialog) this.#isIdFree = true;
  }

  /** It was refused before anybody saw it. */
  drop(): void {
    this.#end.abort();
  }

  /** It has its turn. */
  begin(steps: readonly PlanStep[]): void {
    this.#steps = steps;
    this.#options.onChange(this);
  }

  proceed(step: PlanStep, progress: StepProgress, error?: DeviceError): void {
    this.#progress.set(step, progress);
    if (error !== undefined) this.#stepErrors.set(step, error);
    this.#options.onChange(this);
  }

  succeed(): void {
    this.#enter('done');
  }

  /** @param rolledBack whether the host is as before */
  fail(error: ErrorAnswer, rolledBack: boolean): void {
    this.#error = error;
    this.#enter(rolledBack ? 'rolled-back' : 'failed');
  }

  /** Once more is nothing more. @throws DeviceError InvalidState when it is over */
  cancel(): void {
    if (this.over) throw new DeviceError('InvalidState', `operation ${this.id} is over already`);
    this.#cancellation.abort(new CancelledError(`operation ${this.id} was cancelled before anything was done`));
    this.#options.onChange(this);
  }

  properties(): PropertiesOf<'me.phyllo.Vgpu1.Operation'> {
    const { id, kind, target, callerUid } = this.#options;
    return {
      Id: id,
      Kind: kind,
      Target: target,
      CallerUid: callerUid,
      State: this.#state ?? '',
      CancelRequested: this.cancelled.aborted,
      ErrorName: this.#error.errorName,
      ErrorMessage: this.#error.message,
      Steps: this.#steps.map((step) => this.#formatStep(step)),
      StartedUsec: this.#startedUsec,
    };
  }

  #formatStep(step: PlanStep): Dictionary {
    const state =
      step.action === undefined ? 'note' : (this.#progress.get(step) ?? (this.over ? 'skipped' : 'pending'));
    const error = this.#stepErrors.get(step);
    return {
      ...formatStep(step),
      state: { signature: 's', value: state },
      ...(error === undefined ? {} : { error_name: { signature: 's', value: formatErrorName(error.code) } }),
    };
  }

  #enter(state: State): void {
    if (this.#state === state) return;
    if (this.#state === undefined) this.#startedUsec = this.#options.clock.nowUsec();
    this.#state = state;
    if (this.over) this.#end.abort();
    this.#options.onChange(this);
  }
}
