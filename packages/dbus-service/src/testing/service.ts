// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Clock, HostPorts } from '@vgpu/core';
import type { AuthorizationRequest, Authorizer, Decision } from '../auth/authorizer.js';
import type { Signal } from '../host/diff.js';
import type { Log } from '../log.js';
import { Service } from '../service.js';

/** Time that only the test moves. */
export class ManualClock implements Clock {
  #now = 0;
  #sleepers: { readonly at: number; readonly wake: () => void }[] = [];
  /** What somebody has set the host's clock to, in milliseconds, less what has elapsed. */
  wallOffsetMs = 0;

  nowUsec(): bigint {
    return BigInt(this.#now + this.wallOffsetMs) * 1000n;
  }

  elapsedUsec(): bigint {
    return BigInt(this.#now) * 1000n;
  }

  delay(ms: number): Promise<void> {
    return new Promise((wake) => {
      this.#sleepers.push({ at: this.#now + ms, wake });
    });
  }

  /** How many wait. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  advance(ms: number): void {
    this.#now += ms;
    const due = this.#sleepers.filter((sleeper) => sleeper.at <= this.#now);
    this.#sleepers = this.#sleepers.filter((sleeper) => sleeper.at > this.#now);
    for (const { wake } of due) wake();
  }
}

/** Lets everything run that needs no time. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Answers as the test says and keeps what it was asked. */
export class ScriptedAuthorizer implements Authorizer {
  decision: Decision = 'granted';
  /** Whether it takes a dialog, where one may appear. */
  dialog = false;
  readonly asked: AuthorizationRequest[] = [];
  /** What happens while the dialog is open. */
  meanwhile: () => void | Promise<void> = () => undefined;

  /** Instead of `decision`, where it says anything. */
  answer: (request: AuthorizationRequest) => Decision | undefined = () => undefined;
  stopped = false;

  async decide(request: AuthorizationRequest): Promise<Decision> {
    this.asked.push(request);
    if (this.dialog && request.interactive) request.onDialog?.();
    await this.meanwhile();
    return this.answer(request) ?? this.decision;
  }

  stop(): void {
    this.stopped = true;
  }
}

export class CollectingLog implements Log {
  readonly lines: string[] = [];

  info(text: string): void {
    this.lines.push(text);
  }

  error(text: string, error: unknown): void {
    this.lines.push(`${text}: ${String(error)}`);
  }
}

/** `:1.2000` and above, and all of `:2000.1`, are of the user with that number, all others of 1000; `:1.0` has left. */
async function userOf(sender: string): Promise<number> {
  const numbers = sender.slice(1).split('.').map(Number);
  if (numbers[1] === 0) throw new Error('gone');
  return numbers.find((number) => number >= 2000) ?? 1000;
}

export interface ServiceRig {
  readonly service: Service;
  readonly clock: ManualClock;
  readonly authorizer: ScriptedAuthorizer;
  readonly log: CollectingLog;
  readonly signals: Signal[];
  /** A caller leaves the bus. */
  leave(sender: string): void;
  /** How many callers are watched. */
  watched(): number;
}

/** A service without a bus that has read its host. @param startedMs what the host's clock shows at its start */
export async function startService(ports: HostPorts, startedMs = 0): Promise<ServiceRig> {
  const clock = new ManualClock();
  clock.wallOffsetMs = startedMs;
  const authorizer = new ScriptedAuthorizer();
  const log = new CollectingLog();
  const signals: Signal[] = [];
  const emit = (signal: Signal) => void signals.push(signal);
  const watches = new Set<{ readonly sender: string; readonly onGone: () => void }>();
  const watchDeparture = (sender: string, onGone: () => void) => {
    const watch = { sender, onGone };
    watches.add(watch);
    return () => void watches.delete(watch);
  };
  const gone = new Set<string>();
  const leave = (sender: string) => {
    gone.add(sender);
    for (const watch of watches) if (watch.sender === sender) watch.onGone();
  };
  const isPresent = async (sender: string) => !gone.has(sender);
  const service = new Service({
    ports,
    authorizer,
    clock,
    log,
    version: 'test',
    emit,
    watchDeparture,
    userOf,
    isPresent,
  });
  await service.start();
  return { service, clock, authorizer, log, signals, leave, watched: () => watches.size };
}
