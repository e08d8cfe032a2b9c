// SPDX-License-Identifier: LGPL-2.1-or-later
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { activeVgpus, generateHost, spareUuid } from './generate-host.js';

const schema = new URL('../node_modules/@vgpu/core/src/testing/host-file.schema.json', import.meta.url);
const validate = new Ajv({ allErrors: true }).compile(JSON.parse(readFileSync(schema, 'utf8')));

test.each([10, 11, 12, 13, 14, 132, 133, 134, 1000, 5000])(
  'a host of %i node devices is valid and has as many',
  (size) => {
    const host = generateHost(size);
    validate(host);
    expect(validate.errors).toBeNull();
    // The root of the tree and the loopback interface come on top.
    expect(host.pciDevices.length + host.mdevs.length + 2).toBe(size);
    expect(new Set(host.pciDevices.map(({ address }) => address)).size).toBe(host.pciDevices.length);
    expect(activeVgpus(host).length).toBe(Math.ceil(host.mdevs.length / 2));
    expect(host.mdevs.map(({ uuid }) => uuid)).not.toContain(spareUuid(0));
  },
);

test('a host that cannot be made is refused', () => {
  expect(() => generateHost(9)).toThrow(RangeError);
  expect(() => generateHost(100_000)).toThrow(RangeError);
});
