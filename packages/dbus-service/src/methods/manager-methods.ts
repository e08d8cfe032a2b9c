// SPDX-License-Identifier: LGPL-2.1-or-later
import { findVgpus, parseUuid } from '@vgpu/core';
import { isPublished } from '../objects/topology.js';
import { contract } from '../protocol/contract.js';
import { formatVgpuPath } from '../protocol/paths.js';
import type { InterfaceMethods } from './entry.js';
import { readOptions } from './options.js';

const { methods } = contract['me.phyllo.Vgpu1.Manager'];

export const managerMethods: InterfaceMethods<'me.phyllo.Vgpu1.Manager'> = {
  Refresh: {
    kind: 'open',
    async run({ args: [options] }, host) {
      readOptions('Refresh', methods.Refresh, options);
      await host.refresh();
      return [];
    },
  },
  FindVgpus: {
    kind: 'open',
    async run({ args: [uuid] }, host) {
      return [findVgpus(host.inventory(), parseUuid(uuid)).filter(isPublished).map(formatVgpuPath)];
    },
  },
  Preview: {
    kind: 'open',
    run: ({ args, sender }, host) => host.preview(args, sender),
  },
};
