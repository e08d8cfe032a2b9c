// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { call } from '../testing/calls.js';
import { domainPath, gpuPath, hostFile, makeDomain, makeHost, storedMdev, vgpuPath } from '../testing/hosts.js';
import { startService } from '../testing/service.js';

const text = (value: string) => ({ signature: 's', value });
const preview = (name: string) =>
  call('me.phyllo.Vgpu1.Manager', '/me/phyllo/Vgpu1/manager', 'Preview', [
    vgpuPath,
    name,
    'Start',
    [{ signature: 'a{sv}', value: {} }],
  ]);
const assign = (recipe: string) =>
  call('me.phyllo.Vgpu1.Domain', domainPath, 'AssignVgpu', [vgpuPath, { recipe: text(recipe) }]);
const create = (typeId: string) => call('me.phyllo.Vgpu1.Gpu', gpuPath, 'CreateVgpu', [typeId, {}]);

describe('a refusal says what can be asked for instead', () => {
  it.each([
    ['a recipe that is none', assign('local'), 'InvalidArgument', 'recipe "local" is not known: it can be "none"'],
    [
      'a name in place of a type',
      create('GRID T4-2Q'),
      'NotFound',
      '0000:00:02.0 has no type "GRID T4-2Q": it has i915-GVTg_V5_1, i915-GVTg_V5_2, i915-GVTg_V5_4, i915-GVTg_V5_8',
    ],
    ['what is no type', create('../x'), 'NotFound', '0000:00:02.0 has no type "../x": it has i915-GVTg_V5_1'],
    [
      'a short name of an interface',
      preview('Vgpu'),
      'InvalidArgument',
      '"Vgpu" has no changing method "Start": its full name is me.phyllo.Vgpu1.Vgpu',
    ],
  ])('%s', async (_what, wrong, code, message) => {
    const { service } = await startService(makeHost([makeDomain()], { ...hostFile, mdevs: [storedMdev] }));
    await expect(service.callMethod(wrong)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(new RegExp(`^${message}`)),
    });
  });
});
