// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash, randomUUID } from 'node:crypto';
import { DeviceError, type Clock } from '@vgpu/core';
import { CallerLeftError } from '../change-queue.js';
import { toErrorAnswer } from '../host/answer-error.js';
import { BusError } from '../host/bus-error.js';
import { diffObjects, type Signal } from '../host/diff.js';
import type { MethodCall } from '../host/dispatch.js';
import type { PublishedObject, PublishedObjects } from '../host/published.js';
import type { Log } from '../log.js';
import { interfaces } from '../protocol/names.js';
import { CancelledError, Operation } from './operation.js';

/** How long an operation that is over is shown. */
export const operationLifetimeMs = 10 * 60_000;
const lifetimeUsec = BigInt(operationLifetimeMs) * 1000n;
/**
 * Operations of one user, and of all users, that clients see: with more of them the oldest that are over go. No more are
 * begun while as many are not over; those that are begun together can be more.
 */
export const maxOperationsPerUser = 64;
export const maxOperations = 512;

export interface OperationsOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Told after `objects()` has changed, with what turns the old ones into the new ones. It must not throw. */
  onChange(signals: readonly Signal[]): void;
}

/** A changing call, and whose it is. */
export interface OperationRequest {
  readonly call: MethodCall;
  readonly callerUid: number;
  /** The caller's choice; undefined: a random one. */
  readonly id: string | undefined;
  /** The call's options but those that are about the call itself. */
  readonly options: Readonly<Record<string, unknown>>;
}

interface Entry {
  readonly operation: Operation;
  /** Equal for calls that ask for the same. */
  readonly fingerprint: string;
  readonly outcome: Promise<readonly unknown[]>;
}

/** All operations that clients see, and those that are about to be seen. */
export class Operations {
  readonly #options: OperationsOptions;
  /** By path, oldest first. */
  readonly #entries = new Map<string, Entry>();
  readonly #objects = new Map<string, PublishedObject>();
  /** Those that are over, the first to be forgotten first. */
  #expiring: { readonly path: string; readonly dueUsec: bigint }[] = [];
  #lastNumber: number;

  constructor(options: OperationsOptions) {
    this.#options = options;
    // Whoever still has the path of an earlier run's operation must not find another one there.
    this.#lastNumber = Number(options.clock.nowUsec());
  }

  objects(): PublishedObjects {
    return this.#objects;
  }

  /** @throws DeviceError NotFound */
  require(path: string): Operation {
    const entry = this.#entries.get(path);
    if (entry === undefined) throw new DeviceError('NotFound', `${path} is no operation`, { details: { path } });
    return entry.operation;
  }

  /**
   * Carries out the change, or gives what became of it where the caller has asked for it under the same id before.
   * @throws DeviceError AlreadyExists: the id is that of another change; BusError LimitsExceeded; what the change throws
   */
  run(
    request: OperationRequest,
    change: (operation: Operation) => Promise<readonly unknown[]>,
  ): Promise<readonly unknown[]> {
    return this.#run(request, fingerprintOf(request), change);
  }

  #run(
    request: OperationRequest,
    fingerprint: string,
    change: (operation: Operation) => Promise<readonly unknown[]>,
  ): Promise<readonly unknown[]> {
    const { call, callerUid, id = randomUUID() } = request;
    const known = [...this.#entries.values()].find(
      ({ operation }) => operation.id === id && operation.callerUid === callerUid && !operation.isIdFree,
    );
    if (known?.fingerprint === fingerprint) return this.#join(known, request, change);
    if (known !== undefined) throw new DeviceError('AlreadyExists', `operation ${id} is another change already`);
    this.#requireRoom(callerUid);
    const operation = new Operation({
      number: ++this.#lastNumber,
      id,
      kind: `${call.interface.slice(call.interface.lastIndexOf('.') + 1)}.${call.method}`,
      target: call.path,
      callerUid,
      clock: this.#options.clock,
      onChange: (changed) => this.#publish(changed),
    });
    const outcome = this.#follow(operation, () => change(operation));
    this.#entries.set(operation.path, { operation, fingerprint, outcome });
    return outcome;
  }

  /** Whoever asks for the same goes on alone where the first one has left, or may not make it and this one may. */
  async #join(known: Entry, request: OperationRequest, change: (operation: Operation) => Promise<readonly unknown[]>) {
    try {
      return await known.outcome;
    } catch (error) {
      if (known.operation.isIdFree) return await this.#run(request, known.fingerprint, change);
      throw error;
    }
  }

  async #follow(operation: Operation, change: () => Promise<readonly unknown[]>): Promise<readonly unknown[]> {
    try {
      // Whatever it does at once comes after the operation is known.
      await Promise.resolve();
      const result = await change();
      operation.succeed();
      return result;
    } catch (error) {
      const rolledBack = error instanceof DeviceError && error.code === 'RolledBack';
      if (error instanceof CallerLeftError) operation.freeId();
      if (error instanceof CancelledError) this.#options.log.info(error.message);
      if (operation.published) operation.fail(toErrorAnswer(error, this.#options.log), rolledBack);
      throw error;
    } finally {
      if (operation.published) {
        this.#complete(operation);
      } else {
        operation.drop();
        this.#entries.delete(operation.path);
      }
    }
  }

  #complete(operation: Operation): void {
    const { State: state, ErrorMessage: message } = operation.properties();
    const body = { signature: 'bs', values: [state === 'done', message] };
    this.#options.onChange([{ path: operation.path, interface: interfaces.operation, member: 'Completed', body }]);
    this.#expiring.push({ path: operation.path, dueUsec: this.#options.clock.elapsedUsec() + lifetimeUsec });
    if (this.#expiring.length === 1) void this.#expire();
    // More may be begun together than are kept.
    this.#makeRoom(operation.callerUid, 0);
  }

  /** One wait for all, so that operations which made room earlier leave nothing behind that lasts. */
  async #expire(): Promise<void> {
    const { clock } = this.#options;
    for (;;) {
      this.#expiring = this.#expiring.filter(({ path }) => this.#entries.has(path));
      const [next] = this.#expiring;
      if (next === undefined) return;
      const leftUsec = next.dueUsec - clock.elapsedUsec();
      if (leftUsec > 0n) {
        await clock.delay(Number(leftUsec) / 1000);
        continue;
      }
      const entry = this.#entries.get(next.path);
      if (entry !== undefined) this.#forget(entry.operation);
    }
  }

  #publish(operation: Operation): void {
    const { path } = operation;
    if (!operation.published || !this.#entries.has(path)) return;
    const before = this.#objects.get(path);
    if (before === undefined) this.#makeRoom(operation.callerUid, 1);
    const after = { [interfaces.operation]: operation.properties() };
    this.#objects.set(path, after);
    this.#options.onChange(
      diffObjects(new Map(before === undefined ? [] : [[path, before]]), new Map([[path, after]])),
    );
  }

  #forget({ path }: Operation): void {
    this.#entries.delete(path);
    const before = this.#objects.get(path);
    if (before === undefined) return;
    this.#objects.delete(path);
    this.#options.onChange(diffObjects(new Map([[path, before]]), new Map()));
  }

  /** Those that nobody sees yet count for their own user alone. @throws BusError LimitsExceeded */
  #requireRoom(callerUid: number): void {
    const open = [...this.#entries.values()].map(({ operation }) => operation).filter(({ over }) => !over);
    const own = open.filter((operation) => operation.callerUid === callerUid);
    if (own.length >= maxOperationsPerUser)
      throw new BusError('LimitsExceeded', `user ${callerUid} has ${own.length} operations that are not over`);
    const seen = open.filter(({ published }) => published);
    if (seen.length >= maxOperations)
      throw new BusError('LimitsExceeded', `all users have ${seen.length} operations that are not over`);
  }

  /** For so many more that clients see; where none is over nothing goes. */
  #makeRoom(callerUid: number, more: number): void {
    const own = () => this.#seen().get(callerUid) ?? [];
    while (own().length + more > maxOperationsPerUser) if (!this.#forgetFirst(own())) break;
    while (this.#objects.size + more > maxOperations) {
      // That of whoever has most, so that nobody drives out the others'.
      const over = [...this.#seen().values()].map((all) => all.filter((operation) => operation.over));
      if (!this.#forgetFirst(over.toSorted((a, b) => b.length - a.length)[0] ?? [])) break;
    }
  }

  /** @returns false when none is over */
  #forgetFirst(operations: readonly Operation[]): boolean {
    const first = firstToGo(operations);
    if (first !== undefined) this.#forget(first);
    return first !== undefined;
  }

  /** What clients see, by user, oldest first. */
  #seen(): ReadonlyMap<number, readonly Operation[]> {
    const byUser = new Map<number, Operation[]>();
    for (const { operation } of this.#entries.values()) {
      if (!this.#objects.has(operation.path)) continue;
      const own = byUser.get(operation.callerUid);
      if (own === undefined) byUser.set(operation.callerUid, [operation]);
      else own.push(operation);
    }
    return byUser;
  }
}

/** Refusals never drive out what was made, which its caller may want to find again. */
function firstToGo(operations: readonly Operation[]): Operation | undefined {
  const over = operations.filter((operation) => operation.over);
  return over.find((operation) => !operation.accepted) ?? over[0];
}

function fingerprintOf({ call, options }: OperationRequest): string {
  const sorted = Object.entries(options).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const asked = [call.path, call.interface, call.method, call.args.slice(0, -1), sorted];
  const text = JSON.stringify(asked, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
  return createHash('sha256').update(text).digest('hex');
}
