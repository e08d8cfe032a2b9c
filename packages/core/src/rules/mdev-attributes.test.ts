// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { DeviceError } from '../errors.js';
import { parseParentName } from '../identity/device-names.js';
import { InMemoryHost } from '../testing/in-memory-host.js';
import { sampleHostFile } from '../testing/samples.js';
import { checkMdevAttributes, parentDriver } from './mdev-attributes.js';

function refusal(name: string, value: string, driver: string | undefined = 'vfio_ap'): unknown {
  try {
    checkMdevAttributes([[name, value]], driver);
    return undefined;
  } catch (error) {
    return error instanceof DeviceError ? [error.code, error.details['attribute']] : error;
  }
}

describe('checkMdevAttributes', () => {
  it('takes what the driver has', () => {
    expect(refusal('assign_adapter', '5')).toBeUndefined();
    expect(refusal('assign_domain', '0xab')).toBeUndefined();
    expect(refusal('assign_domain', '')).toBeUndefined();
    expect(checkMdevAttributes([], undefined)).toBeUndefined();
  });

  it.each([
    '',
    '.',
    '..',
    '/etc/victim',
    '../../../etc/victim',
    'a/b',
    '-rf',
    '.hidden',
    'a b',
    'a\n',
    'a\0',
    'ä',
    'x'.repeat(65),
  ])('refuses the name %j', (name) => {
    expect(refusal(name, '1')).toEqual(['InvalidArgument', name]);
  });

  it.each(['remove', 'uevent', 'driver_override', 'constructor', '__proto__', 'toString'])(
    'refuses %s, a good name the driver does not take',
    (name) => {
      expect(refusal(name, '1')).toEqual(['InvalidArgument', name]);
    },
  );

  it.each(['i915', 'nvidia', 'constructor', undefined])('takes none at all for the driver %s', (driver) => {
    expect(refusal('assign_adapter', '1', driver ?? '')).toEqual(['InvalidArgument', 'assign_adapter']);
  });

  it.each(['a\n', '\0', '\u001b[0m', '\u202E', 'x'.repeat(1025)])('refuses the value %j', (value) => {
    expect(refusal('assign_adapter', value)).toEqual(['InvalidArgument', 'assign_adapter']);
  });

  it('refuses too many', () => {
    const many = Array.from({ length: 65 }, () => ['assign_adapter', '1'] as const);
    expect(checkMdevAttributes(many.slice(1), 'vfio_ap')).toBeUndefined();
    expect(() => checkMdevAttributes(many, 'vfio_ap')).toThrow(expect.objectContaining({ code: 'InvalidArgument' }));
  });
});

describe('parentDriver', () => {
  it("is the PCI device's, of a known other parent its own, else unknown", async () => {
    const devices = await new InMemoryHost(sampleHostFile()).nodeDevices.list();
    expect(parentDriver(devices, parseParentName('0000:00:02.0'))).toBe('i915');
    expect(parentDriver(devices, parseParentName('matrix'))).toBe('vfio_ap');
    expect(parentDriver(devices, parseParentName('mtty'))).toBeUndefined();
  });
});
