// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError, type ErrorCode } from '../errors.js';
import { performAction, type PlanPorts } from './perform-action.js';
import type { Plan, PlanStep } from './plan.js';

/** How far a step is; `undone` and `undo-failed` follow a later step's failure. */
export type StepStatus = 'running' | 'done' | 'failed' | 'undone' | 'undo-failed';

export interface StepEvent {
  /** Position in the plan's steps. */
  readonly index: number;
  readonly step: PlanStep;
  readonly status: StepStatus;
  /** With failed and undo-failed; else undefined. */
  readonly error: DeviceError | undefined;
}

export interface ExecutePlanOptions {
  /** Told about every step that acts, in order; notes are passed over. It must not throw. */
  readonly onStep?: ((event: StepEvent) => void) | undefined;
  /** Asked before every step that acts; an error is taken for the step's failure, and the step is not begun. */
  readonly refuseStep?: ((step: PlanStep) => DeviceError | undefined) | undefined;
}

/**
 * Carries out the steps in order. When one fails, the steps done before it are undone in reverse.
 * @throws DeviceError the failed step's own error when nothing had been done before it; RolledBack when everything
 * before it was undone, details: step, error; the failed step's code with details.notUndone when something was left
 */
export async function executePlan(plan: Plan, ports: PlanPorts, options: ExecutePlanOptions = {}): Promise<void> {
  const tell = (index: number, step: PlanStep, status: StepStatus, error?: DeviceError) =>
    options.onStep?.({ index, step, status, error });
  const actingSteps = plan.steps.filter((step) => step.action !== undefined).length;
  const done: (readonly [number, PlanStep])[] = [];
  for (const [index, step] of plan.steps.entries()) {
    if (step.action === undefined) continue;
    const refusal = options.refuseStep?.(step);
    if (refusal !== undefined) {
      tell(index, step, 'failed', refusal);
      throw failure(step, refusal, done.length, await undoAll(done.toReversed(), index, ports, tell));
    }
    tell(index, step, 'running');
    try {
      await performAction(step.action, ports);
    } catch (cause) {
      const error = toDeviceError(cause);
      tell(index, step, 'failed', error);
      // The outcome of a step that timed out is unknown: as a part of more it is undone too, alone it may still come true.
      const suspects = error.code === 'TimedOut' && actingSteps > 1 ? [[index, step] as const] : [];
      const left = await undoAll([...done, ...suspects].toReversed(), index, ports, tell);
      throw failure(step, error, done.length, left);
    }
    tell(index, step, 'done');
    done.push([index, step]);
  }
}

/** How the inverse of a step is refused when there is nothing to undo. */
const saysItNeverHappened: ReadonlySet<ErrorCode> = new Set(['NotFound', 'InvalidState', 'AlreadyExists']);

/** @returns the steps that could not be undone, newest first */
async function undoAll(
  steps: readonly (readonly [number, PlanStep])[],
  failedIndex: number,
  ports: PlanPorts,
  tell: (index: number, step: PlanStep, status: StepStatus, error?: DeviceError) => void,
): Promise<readonly PlanStep[]> {
  const left: PlanStep[] = [];
  for (const [index, step] of steps) {
    if (step.compensation === undefined) {
      left.push(step);
      continue;
    }
    try {
      await performAction(step.compensation, ports);
      tell(index, step, 'undone');
    } catch (cause) {
      const error = toDeviceError(cause);
      if (index === failedIndex && saysItNeverHappened.has(error.code)) continue;
      tell(index, step, 'undo-failed', error);
      left.push(step);
    }
  }
  return left;
}

function failure(step: PlanStep, error: DeviceError, doneBefore: number, left: readonly PlanStep[]): DeviceError {
  if (doneBefore === 0) return error;
  const details = { ...error.details, step: step.id, error: error.code };
  if (left.length === 0) {
    return new DeviceError('RolledBack', `${step.id} failed and everything before it was undone: ${error.message}`, {
      details,
      cause: error,
    });
  }
  const notUndone = left.map((leftStep) => leftStep.id);
  return new DeviceError(error.code, `${error.message}; not undone: ${left.map((each) => each.message).join(', ')}`, {
    details: { ...details, notUndone },
    cause: error,
  });
}

function toDeviceError(cause: unknown): DeviceError {
  return cause instanceof DeviceError ? cause : new DeviceError('Internal', 'an internal error occurred', { cause });
}
