// SPDX-License-Identifier: LGPL-2.1-or-later
import { parsePciAddress, parseUuid, type Domain, type DomainDevices } from '@vgpu/core';
import { expect, it } from 'vitest';
import { mayHaveHadPciDevice } from './ended-domain.js';

const plain: DomainDevices = { hostdevs: [], videos: [], graphics: [], console: undefined };
const withPci: DomainDevices = {
  ...plain,
  hostdevs: [{ kind: 'pci', address: parsePciAddress('0000:03:00.0'), managed: true }],
};

function domain(inactive: DomainDevices | undefined, active: DomainDevices | undefined): Domain {
  return {
    uuid: parseUuid('c7a5fdbd-edaf-9455-926a-d65c16db1809'),
    name: 'vm',
    title: '',
    osId: '',
    state: active === undefined ? 'shut-off' : 'running',
    persistent: inactive !== undefined,
    autostart: false,
    hasManagedSave: false,
    inactive,
    active,
    rememberedVideos: [],
  };
}

it('a domain that has ended may have had a PCI device, also where it was listed as ended before', () => {
  expect(mayHaveHadPciDevice(domain(withPci, undefined))).toBe(true);
  expect(mayHaveHadPciDevice(domain(plain, withPci))).toBe(true);
  expect(mayHaveHadPciDevice(undefined)).toBe(true);
});

it('had none when neither of its documents has one', () => {
  expect(mayHaveHadPciDevice(domain(plain, undefined))).toBe(false);
  expect(mayHaveHadPciDevice(domain(undefined, plain))).toBe(false);
});
