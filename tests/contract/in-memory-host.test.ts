// SPDX-License-Identifier: LGPL-2.1-or-later
import { formatVgpuKey, parseUuid, type Domain } from '@vgpu/core';
import { InMemoryHost } from '@vgpu/core/testing';
import { describeHostContract } from './host-contract.js';
import { readHostFile } from './host-files.js';

const desktop: Domain = {
  uuid: parseUuid('c7a5fdbd-edaf-9455-926a-d65c16db1809'),
  name: 'desktop',
  title: '',
  osId: '',
  state: 'shut-off',
  persistent: true,
  autostart: false,
  hasManagedSave: false,
  inactive: {
    hostdevs: [],
    videos: [{ model: 'virtio', primary: true, heads: 1, vramKiB: undefined }],
    graphics: [{ type: 'spice', gl: false }],
    console: { type: 'pty', path: undefined },
  },
  active: undefined,
  rememberedVideos: undefined,
};

describeHostContract('InMemoryHost', async (hostName) => {
  const host = new InMemoryHost(readHostFile(hostName), { domains: [desktop] });
  return {
    ports: host,
    unplug: async (parent) => host.unplugParent(parent),
    plug: async (parent) => host.plugParent(parent),
    others: {
      startTransient: async ({ uuid, parent, typeId, attributes }) => {
        const state = { active: true, persistent: false, autostart: false, parentPresent: true, iommuGroup: 100 };
        host.behindItsBack(({ mdevs }) => {
          const mdev = { backing: 'mdev', uuid, parent, typeId, attributes, ...state } as const;
          mdevs.set(formatVgpuKey(mdev), mdev);
        });
      },
      stop: async (id) => host.behindItsBack(({ mdevs }) => mdevs.delete(formatVgpuKey(id))),
      retitle: async (uuid, title) =>
        host.behindItsBack(({ domains }) => {
          const domain = domains.get(uuid);
          if (domain !== undefined) domains.set(uuid, { ...domain, title });
        }),
    },
    interrupt: async (meanwhile) => {
      host.setConnected(false);
      await meanwhile();
      host.setConnected(true);
    },
    dispose: () => host.close(),
  };
});
