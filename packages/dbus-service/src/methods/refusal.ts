// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '@vgpu/core';
import type { Decision } from '../auth/authorizer.js';
import { BusError } from '../host/bus-error.js';
import type { MethodCall } from '../host/dispatch.js';
import type { Operation } from '../operations/operation.js';
import type { NeededGrant } from './needed-grants.js';
import type { AnyChangingMethod } from './table.js';

/** What is refused, in words, and the grant without which it is. */
export interface Refused {
  /** "vGPU 7686… may not be stopped" */
  readonly what: string;
  readonly grant: string;
}

/** The operation's first grant is that of the method itself; the others are for what else its steps change. */
export function refusedIn(
  { args }: MethodCall,
  method: AnyChangingMethod,
  { grants: [own] }: Operation,
  { action, details }: NeededGrant,
): Refused {
  const uuid = own?.details['vgpu.uuid'] === undefined && action !== own?.action ? details['vgpu.uuid'] : undefined;
  const grant = uuid === undefined ? action : `${action} for vGPU ${uuid}`;
  return { what: method.refused(own?.details ?? {}, args), grant };
}

export type Refusal = Exclude<Decision, 'granted' | 'left'>;

/** The error of a call that is not granted. */
export function refusal(decision: Refusal, { what, grant }: Refused): Error {
  switch (decision) {
    case 'challenge':
      return new BusError('InteractiveAuthorizationRequired', `${what} before somebody authenticates for ${grant}`);
    case 'busy':
      return new BusError('LimitsExceeded', `${what} now: too many password dialogs are open`);
    case 'denied':
      return new DeviceError('NotAuthorized', `${what}: polkit has not granted ${grant}`);
    case 'unanswered':
      return new DeviceError('NotAuthorized', `${what}: polkit gave no answer, so that nobody can be authorized`);
  }
}

/** The same for one that was granted, and is not any more when it begins. */
export function secondRefusal(decision: Refusal, refused: Refused): Error {
  if (decision === 'unanswered') return refusal(decision, refused);
  const why = `the grant of ${refused.grant} is too old, or was for something else`;
  return new DeviceError('NotAuthorized', `${refused.what} any more: ${why}`);
}
