// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError, type ErrorCode } from '../errors.js';
import { performAction, type PlanPorts } from './perform-action.js';
import type { Plan, PlanStep } from './plan.js';

/**
 * How far a step that acts has come. `left`: it was done and could not be undone. `uncertain`: it timed out, and may be
 * done, undone, or still happen.
 */
export type StepProgress = 'running' | 'done' | 'failed' | 'undone' | 'left' | 'uncertain';

export interface ExecutePlanOptions {
  /** Told about every step that acts, before it is begun; an error is taken for its failure, and it is not begun. */
  readonly refuseStep?: ((step: PlanStep) => DeviceError | undefined) | undefined;
  /**
   * Told whenever a step comes further, with its error when it failed or timed out; a step that is not begun is not told
   * about. It must not throw.
   */
  readonly onProgress?: ((step: PlanStep, progress: StepProgress, error?: DeviceError) => void) | undefined;
}

/**
 * Carries out the steps in order. When one fails, the steps done before it are undone in reverse. A step that timed out
 * is undone too where it is a part of more; alone it may still come true.
 * @throws DeviceError the failed step's own error when there was nothing to undo; RolledBack when everything before it
 * was undone, details: step, error; the failed step's code with details.notUndone when something was left; TimedOut
 * whenever a step did, with details.mayStillHappen where undoing it found nothing yet
 */
export async function executePlan(plan: Plan, ports: PlanPorts, options: ExecutePlanOptions = {}): Promise<void> {
  const { refuseStep, onProgress = () => undefined } = options;
  const steps = plan.steps.filter((step) => step.action !== undefined);
  for (const [index, step] of steps.entries()) {
    let begun = false;
    try {
      const refusal = refuseStep?.(step);
      if (refusal !== undefined) throw refusal;
      begun = true;
      onProgress(step, 'running');
      if (step.action !== undefined) await performAction(step.action, ports);
      onProgress(step, 'done');
    } catch (cause) {
      const error = toDeviceError(cause);
      if (begun) onProgress(step, error.code === 'TimedOut' ? 'uncertain' : 'failed', error);
      const isSuspect = error.code === 'TimedOut' && steps.length > 1;
      const suspect = isSuspect ? await undoSuspect(step, ports) : 'undone';
      if (isSuspect && suspect === 'undone') onProgress(step, 'undone');
      const left = await undoAll(steps.slice(0, index).toReversed(), ports, onProgress);
      throw failure(step, error, {
        doneBefore: index,
        mayStillHappen: suspect === 'not-there',
        notUndone: suspect === 'failed' ? [step, ...left] : left,
      });
    }
  }
}

/** Steps whose inverse is accepted also when there is nothing to undo. */
const undoneSilently: ReadonlySet<string> = new Set(['set-autostart']);

/** How the inverse of a step is refused when there is nothing to undo. */
const saysNotThere: ReadonlySet<ErrorCode> = new Set(['NotFound', 'InvalidState', 'AlreadyExists']);

/** @returns not-there for a step that has not happened yet and still can */
async function undoSuspect({ compensation }: PlanStep, ports: PlanPorts): Promise<'undone' | 'not-there' | 'failed'> {
  if (compensation === undefined) return 'not-there';
  try {
    await performAction(compensation, ports);
    return undoneSilently.has(compensation.kind) ? 'not-there' : 'undone';
  } catch (error) {
    return saysNotThere.has(toDeviceError(error).code) ? 'not-there' : 'failed';
  }
}

/** @returns the steps that could not be undone, newest first */
async function undoAll(
  steps: readonly PlanStep[],
  ports: PlanPorts,
  onProgress: (step: PlanStep, progress: StepProgress) => void,
): Promise<readonly PlanStep[]> {
  const left: PlanStep[] = [];
  for (const step of steps) {
    const undone = await undo(step, ports);
    if (!undone) left.push(step);
    onProgress(step, undone ? 'undone' : 'left');
  }
  return left;
}

/** @returns whether it is undone */
async function undo({ compensation }: PlanStep, ports: PlanPorts): Promise<boolean> {
  if (compensation === undefined) return false;
  try {
    await performAction(compensation, ports);
    return true;
  } catch {
    return false;
  }
}

interface Undoing {
  readonly doneBefore: number;
  readonly mayStillHappen: boolean;
  readonly notUndone: readonly PlanStep[];
}

function failure(step: PlanStep, error: DeviceError, { doneBefore, mayStillHappen, notUndone }: Undoing): DeviceError {
  if (doneBefore === 0 && !mayStillHappen && notUndone.length === 0) return error;
  const details = {
    ...error.details,
    step: step.id,
    error: error.code,
    ...(mayStillHappen ? { mayStillHappen: [step.id] } : {}),
    ...(notUndone.length > 0 ? { notUndone: notUndone.map((left) => left.id) } : {}),
  };
  const rest = [
    ...(mayStillHappen ? [`may still happen: ${step.message}`] : []),
    ...(notUndone.length > 0 ? [`not undone: ${notUndone.map((left) => left.message).join(', ')}`] : []),
  ];
  if (rest.length === 0 && error.code !== 'TimedOut') {
    const message = `${error.message}; everything before it was undone`;
    return new DeviceError('RolledBack', message, { details, cause: error });
  }
  return new DeviceError(error.code, [error.message, ...rest].join('; '), { details, cause: error });
}

function toDeviceError(cause: unknown): DeviceError {
  return cause instanceof DeviceError ? cause : new DeviceError('Internal', 'an internal error occurred', { cause });
}
