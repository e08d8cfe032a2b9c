// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '../../errors.js';
import type { DomainPort, NodeDevicePort } from '../../ports.js';

/** The methods that can be made to fail, by port; `listChanged` fails as `list`. */
export interface FailingPorts {
  readonly nodeDevices: Exclude<keyof NodeDevicePort, 'listChanged'>;
  readonly domains: Exclude<keyof DomainPort, 'listChanged'>;
}

export type CallName = { [Port in keyof FailingPorts]: `${Port}.${FailingPorts[Port]}` }[keyof FailingPorts];

interface ScriptedFailure {
  readonly error: DeviceError;
  readonly applied: boolean;
}

/** Every call passes here: it fails as scripted, or while the host is not reachable. */
export class CallGate {
  reachable = true;
  readonly #failures = new Map<CallName, ScriptedFailure[]>();

  failNext(name: CallName, error: DeviceError, applied: boolean): void {
    this.#failures.set(name, [...(this.#failures.get(name) ?? []), { error, applied }]);
  }

  async pass<T>(name: CallName, act: () => T): Promise<T> {
    if (!this.reachable) throw new DeviceError('Unavailable', 'the virtualization service is not reachable');
    const failure = this.#failures.get(name)?.shift();
    if (failure === undefined) return act();
    if (failure.applied) act();
    throw failure.error;
  }
}
