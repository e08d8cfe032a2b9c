// SPDX-License-Identifier: LGPL-2.1-or-later
import type { InMemoryHost } from '@vgpu/core/testing';
import type { MethodCall } from '../host/dispatch.js';
import { call, domainWith } from './calls.js';
import { argumentsOf, changingMethods, pathByInterface, type ListedMethod } from './changing-methods.js';
import { hostFile, makeDomain, makeHost, storedMdev, vgpuUuid } from './hosts.js';

const withVgpu = (changes: Partial<typeof storedMdev> = {}, domain = makeDomain()) =>
  makeHost([domain], { ...hostFile, mdevs: [{ ...storedMdev, ...changes }] });
const withRunning = () => makeHost([makeDomain({ state: 'running', active: makeDomain().inactive })]);

/** A host on which each method succeeds. A new method needs its line. */
const hosts: Readonly<Record<string, () => InMemoryHost>> = {
  'Gpu.CreateVgpu': () => makeHost(),
  'Vgpu.Start': () => withVgpu(),
  'Vgpu.Stop': () => withVgpu({ active: true }),
  'Vgpu.Define': () => withVgpu({ active: true, persistent: false }),
  'Vgpu.Undefine': () => withVgpu(),
  'Vgpu.SetAutostart': () => withVgpu(),
  'Domain.AssignVgpu': () => withVgpu(),
  'Domain.UnassignVgpu': () => withVgpu({}, domainWith([vgpuUuid])),
  'Domain.Start': () => withVgpu({}, domainWith([vgpuUuid])),
  'Domain.Shutdown': withRunning,
  'Domain.ForceOff': withRunning,
};

export interface WorkingMethod extends ListedMethod {
  /** As in Operation.Kind: `Vgpu.Start`. */
  readonly kind: string;
}

/** Every changing method of the table. */
export function workingMethods(): readonly WorkingMethod[] {
  return changingMethods().map((listed) => ({
    ...listed,
    kind: `${listed.name.slice(listed.name.lastIndexOf('.') + 1)}.${listed.method}`,
  }));
}

/** A host on which the call succeeds. */
export function hostOf({ kind }: WorkingMethod): InMemoryHost {
  const make = hosts[kind];
  if (make === undefined) throw new Error(`no host for ${kind}`);
  return make();
}

/** A call that succeeds there. */
export function workingCall(listed: ListedMethod): MethodCall {
  // Otherwise the plan would be for another new vGPU each time.
  const options = listed.method === 'CreateVgpu' ? { uuid: { signature: 's', value: vgpuUuid } } : {};
  return call(listed.name, pathByInterface[listed.name] ?? '', listed.method, argumentsOf(listed, options));
}
