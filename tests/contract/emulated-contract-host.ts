// SPDX-License-Identifier: LGPL-2.1-or-later
import { vi } from 'vitest';
import type { HostPorts } from '@vgpu/core';
import { openLibvirtHost } from '@vgpu/libvirt-adapter';
import { SysfsHostFacts } from '@vgpu/sysfs-adapter';
import { startEmulatedHost, type EmulatedHostOptions, type ServiceName } from '../emulated-host/index.js';
import { run } from '../emulated-host/testing.js';
import { noticeTimeoutMs, type ContractHost } from './contract-host.js';
import { hostFilePath } from './host-files.js';

/** libvirtd, or the two daemons in its place, with the adapter's ports on them. */
export async function startEmulatedContractHost(
  hostName: string,
  daemons: NonNullable<EmulatedHostOptions['daemons']>,
): Promise<ContractHost> {
  const host = await startEmulatedHost(hostFilePath(hostName), { services: ['libvirtd'], daemons });
  const { libvirtUri: uri, nodeDeviceUri } = host;
  const ports = await openLibvirtHost({ uri, nodeDeviceUri, facts: new SysfsHostFacts({ root: host.root }) });
  const services: readonly ServiceName[] = daemons === 'split' ? ['virtqemud', 'virtnodedevd'] : ['libvirtd'];
  return {
    ports,
    unplug: (parent) => host.control({ command: 'unplug', parent }),
    plug: (parent) => host.control({ command: 'plug', parent }),
    others: {
      startTransient: async ({ uuid, parent, typeId }) => {
        await run(host, 'mdevctl', ['start', '-u', uuid, '-p', parent, '--type', typeId]);
      },
      stop: async ({ uuid }) => {
        await run(host, 'mdevctl', ['stop', '-u', uuid]);
      },
      retitle: async (domain, title) => {
        await run(host, 'virsh', ['desc', domain, '--config', '--title', title]);
      },
    },
    interrupt: async (meanwhile) => {
      for (const service of services) await host.killService(service);
      await untilConnected(ports, false);
      await meanwhile();
      for (const service of services) await host.startService(service);
      await untilConnected(ports, true);
    },
    dispose: async () => {
      await ports.close();
      await host.stop();
    },
  };
}

async function untilConnected(ports: HostPorts, connected: boolean): Promise<void> {
  const isSo = () => ports.events.status().connected === connected;
  await vi.waitUntil(isSo, { timeout: noticeTimeoutMs, interval: 5 });
}
