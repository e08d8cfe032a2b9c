// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError, type PlanAction, type PlanStep } from '@vgpu/core';

/** A step failed and nobody could say why: its message is ours, and the log has the cause. */
export class FailedStepError extends DeviceError {}

/**
 * The error of a plan as its caller may see it: with a text of ours where the failed step has none, and with the step's
 * object before one that does not begin with it.
 * @param failed the last step that was begun
 */
export function nameFailure(error: unknown, failed: PlanStep | undefined): unknown {
  if (!(error instanceof DeviceError) || failed?.action === undefined) return error;
  // Around the step's own error there is what became of the steps before it.
  const own = error.details['step'] !== undefined && error.cause instanceof DeviceError ? error.cause : error;
  const what = describeFailure(failed.action, failed.args);
  const rest = describeRest(error);
  const { details } = error;
  if (own.code === 'Internal') return new FailedStepError(error.code, what + rest, { details, cause: own });
  if (beginsWith(own.message, objectOf(failed.action, failed.args))) return error;
  return new DeviceError(error.code, `${what}: ${own.message}${rest}`, { details, cause: own.cause });
}

/** Ports say "domain" before a domain's name, steps do not. */
function beginsWith(message: string, object: string): boolean {
  return message.startsWith(`${object} `) || message.startsWith(`domain ${object} `);
}

function describeRest({ code, details }: DeviceError): string {
  if (code === 'RolledBack') return ', and everything before it was undone';
  const left = [details['notUndone'] ?? []].flat();
  const open = [details['mayStillHappen'] ?? []].flat();
  const undone = left.length === 0 ? '' : `, and what was done before it was not undone: ${left.join(', ')}`;
  return open.length === 0 ? undone : `${undone}, and this may still happen: ${open.join(', ')}`;
}

function describeFailure(action: PlanAction, args: PlanStep['args']): string {
  const object = objectOf(action, args);
  switch (action.kind) {
    case 'define-mdev':
      return `${object} could not be defined`;
    case 'start-mdev':
      return `${object} could not be started`;
    case 'stop-mdev':
      return `${object} could not be stopped`;
    case 'undefine-mdev':
      return `the definition of ${object} could not be removed`;
    case 'set-autostart':
      return `autostart of ${object} could not be changed`;
    case 'edit-domain':
      return `${object} could not be changed`;
    case 'start-domain':
      return `${object} could not be started`;
    case 'shutdown-domain':
      return `${object} could not be asked to shut down`;
    case 'force-off-domain':
      return `${object} could not be ended`;
  }
}

function objectOf(action: PlanAction, args: PlanStep['args']): string {
  if ('definition' in action) return `vGPU ${action.definition.uuid}`;
  return 'mdev' in action ? `vGPU ${action.mdev.uuid}` : domainName(action.domain, args);
}

function domainName(uuid: string, { domainName: name }: PlanStep['args']): string {
  return typeof name === 'string' && name !== '' ? name : `domain ${uuid}`;
}
