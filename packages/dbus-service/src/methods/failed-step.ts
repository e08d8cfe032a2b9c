// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError, type PlanAction, type StepEvent } from '@vgpu/core';

/** A step failed and nobody could say why: its message is ours, and the log has the cause. */
export class FailedStepError extends DeviceError {}

/** The error of a plan as its caller may see it: with a text of ours where the failed step has none. */
export function nameFailure(error: unknown, failed: StepEvent | undefined): unknown {
  if (!(error instanceof DeviceError) || failed?.step.action === undefined) return error;
  if (failed.error?.code !== 'Internal') return error;
  const what = describeFailure(failed.step.action, failed.step.args);
  const { notUndone } = error.details;
  const rest =
    error.code === 'RolledBack'
      ? ', and everything before it was undone'
      : notUndone === undefined
        ? ''
        : `, and what was done before it was not undone: ${[notUndone].flat().join(', ')}`;
  return new FailedStepError(error.code, `${what}${rest}`, { details: error.details, cause: failed.error });
}

function describeFailure(action: PlanAction, args: DeviceError['details']): string {
  switch (action.kind) {
    case 'define-mdev':
      return `vGPU ${action.definition.uuid} could not be defined`;
    case 'start-mdev':
      return `vGPU ${action.mdev.uuid} could not be started`;
    case 'stop-mdev':
      return `vGPU ${action.mdev.uuid} could not be stopped`;
    case 'undefine-mdev':
      return `the definition of vGPU ${action.mdev.uuid} could not be removed`;
    case 'set-autostart':
      return `autostart of vGPU ${action.mdev.uuid} could not be changed`;
    case 'edit-domain':
      return `${domainName(action.domain, args)} could not be changed`;
    case 'start-domain':
      return `${domainName(action.domain, args)} could not be started`;
    case 'shutdown-domain':
      return `${domainName(action.domain, args)} could not be asked to shut down`;
    case 'force-off-domain':
      return `${domainName(action.domain, args)} could not be ended`;
  }
}

function domainName(uuid: string, { domainName: name }: DeviceError['details']): string {
  return typeof name === 'string' && name !== '' ? name : `domain ${uuid}`;
}
