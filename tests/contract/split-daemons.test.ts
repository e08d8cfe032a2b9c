// SPDX-License-Identifier: LGPL-2.1-or-later
import { openLibvirtHost } from '@vgpu/libvirt-adapter';
import { SysfsHostFacts } from '@vgpu/sysfs-adapter';
import { startEmulatedHost } from '../emulated-host/index.js';
import { describeHostContract } from './host-contract.js';
import { hostFilePath } from './host-files.js';

describeHostContract('emulated host with virtqemud and virtnodedevd', async (hostName) => {
  const host = await startEmulatedHost(hostFilePath(hostName), { services: ['libvirtd'], daemons: 'split' });
  const { libvirtUri: uri, nodeDeviceUri } = host;
  const ports = await openLibvirtHost({ uri, nodeDeviceUri, facts: new SysfsHostFacts({ root: host.root }) });
  return {
    ports,
    unplug: (parent) => host.control({ command: 'unplug', parent }),
    plug: (parent) => host.control({ command: 'plug', parent }),
    dispose: async () => {
      await ports.close();
      await host.stop();
    },
  };
});
