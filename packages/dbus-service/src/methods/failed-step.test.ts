// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '@vgpu/core';
import { describe, expect, it } from 'vitest';
import { create, domainCall } from '../testing/calls.js';
import { makeHost, vgpuUuid } from '../testing/hosts.js';
import { startService } from '../testing/service.js';

describe('a step whose error does not name its object', () => {
  const away = new DeviceError('Unavailable', 'libvirt cannot be reached');

  it('is named with its object, and with what is left', async () => {
    const host = makeHost();
    const { service } = await startService(host);
    host.failNext('nodeDevices', 'start', away);
    host.failNext('nodeDevices', 'undefine', away);
    await expect(service.callMethod(create(vgpuUuid))).rejects.toMatchObject({
      code: 'Unavailable',
      message:
        `vGPU ${vgpuUuid} could not be started: libvirt cannot be reached, ` +
        'and what was done before it was not undone: define-mdev',
      details: { notUndone: ['define-mdev'] },
    });
  });

  it('is named where nothing was done before it, and where that was undone', async () => {
    const host = makeHost();
    const { service } = await startService(host);
    host.failNext('nodeDevices', 'define', away);
    await expect(service.callMethod(create(vgpuUuid))).rejects.toMatchObject({
      code: 'Unavailable',
      message: `vGPU ${vgpuUuid} could not be defined: libvirt cannot be reached`,
    });
    host.failNext('nodeDevices', 'start', away);
    await expect(service.callMethod(create(vgpuUuid))).rejects.toMatchObject({
      code: 'RolledBack',
      message: `vGPU ${vgpuUuid} could not be started: libvirt cannot be reached, and everything before it was undone`,
    });
  });

  it('keeps its message where that begins with its object', async () => {
    const host = makeHost();
    const { service } = await startService(host);
    const message = `vGPU ${vgpuUuid} could not be defined: libvirt does not answer`;
    host.failNext('nodeDevices', 'define', new DeviceError('Unavailable', message));
    await expect(service.callMethod(create(vgpuUuid))).rejects.toMatchObject({ message });
    const ofDomain = 'domain phyllome could not be started: libvirt does not answer';
    host.failNext('domains', 'start', new DeviceError('Unavailable', ofDomain));
    await expect(service.callMethod(domainCall('Start'))).rejects.toMatchObject({ message: ofDomain });
  });

  it('is named with its machine where the reason is a vGPU', async () => {
    const host = makeHost();
    const { service } = await startService(host);
    const message = `vGPU ${vgpuUuid} is in use by the running domain other`;
    host.failNext('domains', 'start', new DeviceError('DeviceBusy', message));
    await expect(service.callMethod(domainCall('Start'))).rejects.toMatchObject({
      code: 'DeviceBusy',
      message: `phyllome could not be started: ${message}`,
    });
  });
});
