// SPDX-License-Identifier: LGPL-2.1-or-later
import { parseUuid, type Domain } from '@vgpu/core';
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
    dispose: () => host.close(),
  };
});
