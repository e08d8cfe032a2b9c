// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, it } from 'vitest';
import { parsePciAddress } from '../identity/pci-address.js';
import { parseUuid } from '../identity/uuid.js';
import type { Domain, DomainDevices } from '../model/domain.js';
import { mayChangePciDrivers } from './pci-drivers.js';

const plain: DomainDevices = { hostdevs: [], videos: [], graphics: [], console: undefined };
const withPci: DomainDevices = {
  ...plain,
  hostdevs: [{ kind: 'pci', address: parsePciAddress('0000:01:00.0'), managed: true }],
};

function domain(active: DomainDevices | undefined): Domain {
  return {
    uuid: parseUuid('c7a5fdbd-edaf-9455-926a-d65c16db1809'),
    name: 'vm',
    title: '',
    osId: '',
    state: active === undefined ? 'shut-off' : 'running',
    persistent: true,
    autostart: false,
    hasManagedSave: false,
    inactive: withPci,
    active,
    rememberedVideos: [],
  };
}

it('may change drivers when a domain with a PCI device starts, stops, comes or goes', () => {
  const [off, on] = [domain(undefined), domain(withPci)];
  expect(mayChangePciDrivers([off], [on])).toBe(true);
  expect(mayChangePciDrivers([on], [off])).toBe(true);
  expect(mayChangePciDrivers([], [on])).toBe(true);
  expect(mayChangePciDrivers([on], [])).toBe(true);
});

it('changes none with a domain that stays the same or runs without one', () => {
  const on = domain(withPci);
  expect(mayChangePciDrivers([on], [on, domain(plain)])).toBe(false);
  expect(mayChangePciDrivers([domain(undefined)], [domain(plain)])).toBe(false);
});
