// SPDX-License-Identifier: LGPL-2.1-or-later
import { quoteText } from '@vgpu/core';
import { describe, expect, it } from 'vitest';
import { toErrorAnswer } from '../host/answer-error.js';
import { call, outcome } from '../testing/calls.js';
import { domainPath, gpuPath, hostFile, makeDomain, makeHost, vgpuPath, vgpuUuid } from '../testing/hosts.js';
import { CollectingLog, startService } from '../testing/service.js';

const hostile = 'a\u001b[2J\u202e"b\\\n';
const long = `\u0000${'x'.repeat(60_000)}`;
const text = (value: string) => ({ signature: 's', value });
const managerPath = '/me/phyllo/Vgpu1/manager';
const preview = (...args: readonly unknown[]) => call('me.phyllo.Vgpu1.Manager', managerPath, 'Preview', args);
const create = (typeId: string, options: Readonly<Record<string, unknown>>) =>
  call('me.phyllo.Vgpu1.Gpu', gpuPath, 'CreateVgpu', [typeId, options]);
const stopped = {
  uuid: vgpuUuid,
  parent: '0000:00:02.0',
  type: 'i915-GVTg_V5_8',
  active: false,
  persistent: true,
  autostart: false,
};

/** A call for every place at which a message can hold text of its caller's. */
const calls = (name: string) => ({
  'the UUID that is looked for': call('me.phyllo.Vgpu1.Manager', managerPath, 'FindVgpus', [name]),
  'a new UUID': create('i915-GVTg_V5_8', { uuid: text(name) }),
  'a type': create(name, {}),
  'an attribute': create('i915-GVTg_V5_8', { attributes: { signature: 'a(ss)', value: [[name, '1']] } }),
  'an option': create('i915-GVTg_V5_8', { [name]: text('x') }),
  'a recipe': call('me.phyllo.Vgpu1.Domain', domainPath, 'AssignVgpu', [vgpuPath, { recipe: text(name) }]),
  'the interface of a preview': preview(gpuPath, name, 'CreateVgpu', []),
  'the method of a preview': preview(gpuPath, 'me.phyllo.Vgpu1.Gpu', name, []),
});

describe('what a caller gave and is refused', () => {
  it.each([
    ['hostile', hostile],
    ['long', long],
  ])('is quoted in the same way in every message: %s', async (_what, name) => {
    const host = makeHost([makeDomain()], { ...hostFile, mdevs: [stopped] });
    const { service } = await startService(host);
    const messages: Record<string, string> = {};
    for (const [what, refused] of Object.entries(calls(name))) {
      const error = await outcome(service.callMethod(refused));
      messages[what] = toErrorAnswer(error, new CollectingLog()).message;
    }
    const quoted = expect.stringContaining(quoteText(name)) as string;
    expect(messages).toEqual(Object.fromEntries(Object.keys(messages).map((what) => [what, quoted])));
    // The rest of the message is there too.
    for (const message of Object.values(messages)) expect(message.length).toBeLessThan(500);
  });
});
