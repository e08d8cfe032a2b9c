// SPDX-License-Identifier: LGPL-2.1-or-later
import { NodeDeviceListFlags, type Connection, type ListNodeDevicesOptions } from '@vgpu/libvirt';
import { describe, expect, it } from 'vitest';
import { readEveryNodeDevice, type NodeDeviceConnections } from './node-device-records.js';

const few = 10;
const many = 1_000;

/** A connection whose list of mdevs fails, while its other list is under way until somebody gives it up. */
class HalfHost {
  readonly givenUp: unknown[] = [];
  readonly failure = new Error('the second connection');
  readonly #connection = {
    listNodeDevicesWithXml: async ({ flags = 0, signal }: ListNodeDevicesOptions) => {
      if ((flags & NodeDeviceListFlags.CAP_MDEV) !== 0) throw this.failure;
      return await new Promise<never>((_resolve, reject) => {
        signal?.addEventListener('abort', () => {
          this.givenUp.push(signal.reason);
          reject(signal.reason as Error);
        });
      });
    },
  } as unknown as Connection;
  readonly connections: NodeDeviceConnections = {
    readNodeDevices: (read) => read(this.#connection),
    withNodeDevices: (act) => act(this.#connection),
  };
}

describe('when one of two lists fails', () => {
  it.each([
    ['on one connection', few],
    ['on a connection of its own', many],
  ])('the other one is given up, and the failure told: %s', async (_what, expected) => {
    const host = new HalfHost();
    await expect(readEveryNodeDevice(host.connections, expected)).rejects.toMatchObject({
      code: 'Internal',
      cause: host.failure,
    });
    expect(host.givenUp).toHaveLength(1);
  });
});
