// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError, type PlanAction, type PlanStep } from '@vgpu/core';

/** A step failed and nobody could say why: its message is ours, and the log has the cause. */
export class FailedStepError extends DeviceError {}

/**
 * The error of a plan as its caller may see it: with a text of ours where the failed step has none.
 * @param failed the last step that was begun
 */
export function nameFailure(error: unknown, failed: PlanStep | undefined): unknown {
  if (!(error instanceof DeviceError) || failed?.action === undefined) return error;
  // Around the step's own error there is what became of the steps before it.
  const own = error.details['step'] !== undefined && error.cause instanceof DeviceError ? error.cause : error;
  if (own.code !== 'Internal') return error;
  const what = describeFailure(failed.action, failed.args);
  return new FailedStepError(error.code, what + describeRest(error), { details: error.details, cause: own });
}

function describeRest({ code, details }: DeviceError): string {
  if (code === 'RolledBack') return ', and everything before it was undone';
  const left = [details['notUndone'] ?? []].flat();
  const open = [details['mayStillHappen'] ?? []].flat();
  const undone = left.length === 0 ? '' : `, and what was done before it was not undone: ${left.join(', ')}`;
  return open.length === 0 ? undone : `${undone}, and this may still happen: ${open.join(', ')}`;
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
