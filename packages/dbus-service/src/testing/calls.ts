// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Domain, HostPorts, NodeDevicePort } from '@vgpu/core';
import type { MethodCall } from '../host/dispatch.js';
import type { InterfaceName } from '../protocol/members.js';
import { domainPath, gpuPath, makeDomain, makeHost, vgpuPath, type vgpuUuid } from './hosts.js';
import { startService } from './service.js';

/** A call as dispatch passes it on; its caller allows a dialog. */
export function call(
  name: InterfaceName,
  path: string,
  method: string,
  args: readonly unknown[],
  sender = ':1.9',
): MethodCall {
  return { interface: name, path, method, args, sender, interactive: true };
}

export function domainCall(method: string, sender?: string): MethodCall {
  return call('me.phyllo.Vgpu1.Domain', domainPath, method, [{}], sender);
}

export function vgpuCall(method: string, sender?: string): MethodCall {
  return call('me.phyllo.Vgpu1.Vgpu', vgpuPath, method, [{}], sender);
}

/** Makes a small vGPU with this UUID. */
export function create(uuid: string, sender?: string, options: Readonly<Record<string, unknown>> = {}): MethodCall {
  const all = { uuid: { signature: 's', value: uuid }, ...options };
  return call('me.phyllo.Vgpu1.Gpu', gpuPath, 'CreateVgpu', ['i915-GVTg_V5_8', all], sender);
}

/** How a call ends: its error, or undefined. */
export function outcome(result: Promise<unknown>): Promise<unknown> {
  return result.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** Its definition holds these vGPUs. */
export function domainWith(uuids: readonly (typeof vgpuUuid)[], changes: Partial<Domain> = {}): Domain {
  const stored = makeDomain().inactive;
  if (stored === undefined) throw new Error('not stored');
  const hostdevs = uuids.map((uuid) => ({
    kind: 'mdev' as const,
    uuid,
    model: 'vfio-pci',
    display: false,
    ramfb: false,
  }));
  return makeDomain({ inactive: { ...stored, hostdevs }, ...changes });
}

/** The same ports with some methods of nodeDevices replaced. */
export function portsWith(host: HostPorts, changes: Partial<NodeDevicePort>): HostPorts {
  const { nodeDevices, domains, facts, events } = host;
  return {
    nodeDevices: {
      list: () => nodeDevices.list(),
      listChanged: () => nodeDevices.listChanged(),
      define: (definition) => nodeDevices.define(definition),
      start: (id) => nodeDevices.start(id),
      stop: (id) => nodeDevices.stop(id),
      undefine: (id) => nodeDevices.undefine(id),
      setAutostart: (id, autostart) => nodeDevices.setAutostart(id, autostart),
      ...changes,
    },
    domains,
    facts,
    events,
    close: () => host.close(),
  };
}

/** Holds whoever passes until it is opened. */
export class Gate {
  #open!: () => void;
  readonly #opened = new Promise<void>((resolve) => {
    this.#open = resolve;
  });
  reached = false;

  async pass(): Promise<void> {
    this.reached = true;
    await this.#opened;
  }

  open(): void {
    this.#open();
  }
}

/** A service whose first definition takes until the gate is opened. */
export async function startSlow(startedMs?: number) {
  const host = makeHost();
  const gate = new Gate();
  const define: NodeDevicePort['define'] = async (definition) => {
    await gate.pass();
    await host.nodeDevices.define(definition);
  };
  const rig = await startService(portsWith(host, { define }), startedMs);
  const uuids = async () => (await host.nodeDevices.list()).mdevs.map(({ uuid }) => uuid);
  return { ...rig, host, gate, uuids };
}

/** A service that has read its host once, and reads it again only when the gate is opened. */
export async function startUnread() {
  const host = makeHost();
  const reading = new Gate();
  let list = () => host.nodeDevices.list();
  const rig = await startService(portsWith(host, { list: () => list() }));
  list = async () => {
    await reading.pass();
    return await host.nodeDevices.list();
  };
  return { ...rig, host, reading };
}
