// SPDX-License-Identifier: LGPL-2.1-or-later
import { interfaces } from '@vgpu/dbus-service/protocol';
import { describe, expect, it } from 'vitest';
import { answering, properties } from '../testing/fake-service.js';
import { run } from './operations.js';

const terminal = { interactive: false, open: () => Promise.reject(new Error('the terminal was used')) };
const uuid = '7686131b-b229-4768-a02c-35d1dbed7c66';
const targets = {
  '/v': { [interfaces.vgpu]: properties(interfaces.vgpu, { Uuid: uuid, ParentName: '0000:00:02.0' }) },
  '/d': { [interfaces.domain]: properties(interfaces.domain, { Name: 'fedora' }) },
  '/g': { [interfaces.gpu]: properties(interfaces.gpu, { PciDevice: '/p' }) },
  '/p': { [interfaces.pciDevice]: properties(interfaces.pciDevice, { Address: '0000:00:02.0' }) },
};
const operation = (Target: string, StartedUsec: bigint) => ({
  [interfaces.operation]: properties(interfaces.operation, {
    Id: `of ${Target.at(-1)}`,
    Kind: 'K.M',
    Target,
    State: 'done',
    StartedUsec,
  }),
});

describe('operations', () => {
  it('names what each was called on as other commands take it, or by its path when it is gone', async () => {
    const managed = {
      ...targets,
      '/o/1': operation('/v', 1n),
      '/o/2': operation('/d', 2n),
      '/o/3': operation('/g', 3n),
      '/o/4': operation('/me/phyllo/Vgpu1/vgpu/x', 4n),
    };
    const { context, printed } = answering({ managed }, terminal);
    expect(await run({}, context)).toBe(0);
    expect(printed()).toBe(
      'ID    KIND  TARGET                                             STATE\n' +
        `of v  K.M   ${uuid}@0000:00:02.0  done\n` +
        'of d  K.M   fedora                                             done\n' +
        'of g  K.M   0000:00:02.0                                       done\n' +
        'of x  K.M   vgpu/x                                             done\n',
    );
  });
});
