// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { DeviceError } from '../errors.js';
import { parseParentName } from '../identity/device-names.js';
import { parsePciAddress } from '../identity/pci-address.js';
import { parseUuid } from '../identity/uuid.js';
import type { HostFactsPort } from '../ports.js';
import { InMemoryHost } from '../testing/in-memory-host.js';
import { sampleDomain, sampleHostFile, sampleMdev } from '../testing/samples.js';
import { buildInventory } from './build-inventory.js';
import { collectFacts } from './collected-facts.js';
import { emptyReading } from './inventory-reading.js';
import { readAgain, readInventory, withDomains } from './read-inventory.js';

const nothingKnown = { pciDevices: new Map(), mdevTypes: new Map() };

describe('readInventory', () => {
  it("joins what libvirt lists with the host's facts", async () => {
    const { pciDevices, parents } = await readInventory(new InMemoryHost(sampleHostFile()));
    expect(pciDevices.get(parsePciAddress('00:02.0'))).toMatchObject({
      classId: 0x030000,
      revision: 9,
      bootVga: true,
      renderNode: 'renderD128',
      numaNode: undefined,
    });
    const types = parents.get(parseParentName('0000:00:02.0'))?.types ?? [];
    expect(types.map(({ typeId }) => typeId)).toEqual(['1', '2', '4', '8'].map((number) => `i915-GVTg_V5_${number}`));
    expect(types[2]).toMatchObject({ parent: '0000:00:02.0', availableInstances: 5, deviceApi: 'vfio-pci' });
    expect(types[2]?.description).toMatch(/^low_gm_size: 128MB\n/);
  });

  it("rejects with the port's error", async () => {
    const host = new InMemoryHost(sampleHostFile());
    host.failNext('domains', 'list', new DeviceError('Unavailable', 'gone'));
    await expect(readInventory(host)).rejects.toMatchObject({ code: 'Unavailable' });
  });
});

describe('withDomains', () => {
  it('has other domains, in their order, and keeps everything else', async () => {
    const host = new InMemoryHost(sampleHostFile());
    const before = await readAgain(host, emptyReading, 'everything');
    const second = sampleDomain({ uuid: parseUuid('11111111-2222-4333-8444-555555555555'), name: 'a' });
    const { inventory } = withDomains(before, [sampleDomain(), second]);
    expect([...inventory.domains.values()].map(({ name }) => name)).toEqual(['a', 'desktop']);
    expect({ ...inventory, domains: before.inventory.domains }).toEqual(before.inventory);
  });
});

describe('readAgain', () => {
  it('keeps what is as it was, and asks for no facts of it', async () => {
    const host = new InMemoryHost(sampleHostFile([sampleMdev()]), { domains: [sampleDomain()] });
    const parent = parseParentName('0000:00:02.0');
    const asked: string[] = [];
    const facts: HostFactsPort = {
      pciFacts: (device) => {
        asked.push(device.address);
        return host.facts.pciFacts(device);
      },
      mdevTypeFacts: (parent, typeId) => {
        asked.push(typeId);
        return host.facts.mdevTypeFacts(parent, typeId);
      },
      mdevctlVersion: () => host.facts.mdevctlVersion(),
    };
    const ports = { nodeDevices: host.nodeDevices, domains: host.domains, facts };
    const first = await readAgain(ports, emptyReading, 'some');
    expect(asked.length).toBeGreaterThan(0);
    asked.length = 0;
    await host.nodeDevices.start({ uuid: parseUuid(sampleMdev().uuid), parent });
    const second = await readAgain(ports, first, 'some');
    // The GPU's counts are new, the GPU is not.
    expect(asked).toEqual([]);
    expect(second.inventory.pciDevices).toBe(first.inventory.pciDevices);
    expect(second.inventory.domains).toBe(first.inventory.domains);
    expect(second.inventory.parents.get(parent)).not.toEqual(first.inventory.parents.get(parent));
    expect(second.inventory.vgpus).not.toEqual(first.inventory.vgpus);
    const groupOfGpu = first.inventory.pciDevices.get(parsePciAddress('00:02.0'))?.iommuGroup ?? -1;
    expect(second.inventory.iommuGroups.get(groupOfGpu)).toBe(first.inventory.iommuGroups.get(groupOfGpu));
    expect(second.inventory.iommuGroups.size).toBe(first.inventory.iommuGroups.size + 1);

    const everything = await readAgain(ports, second, 'everything');
    expect(asked.length).toBeGreaterThan(0);
    expect(everything.inventory).toEqual(await readInventory(ports));
    for (const map of ['pciDevices', 'iommuGroups', 'parents', 'vgpus', 'domains'] as const) {
      expect(everything.inventory[map]).toBe(second.inventory[map]);
    }
  });

  it('takes a fact that changed where everything is read', async () => {
    const host = new InMemoryHost(sampleHostFile());
    const { nodeDevices, domains } = host;
    const first = await readAgain(host, emptyReading, 'some');
    const facts: HostFactsPort = {
      pciFacts: async (device) => ({ ...(await host.facts.pciFacts(device)), renderNode: 'renderD200' }),
      mdevTypeFacts: (type, typeId) => host.facts.mdevTypeFacts(type, typeId),
      mdevctlVersion: () => host.facts.mdevctlVersion(),
    };
    const { inventory } = await readAgain({ nodeDevices, domains, facts }, first, 'everything');
    expect(inventory.pciDevices.get(parsePciAddress('00:02.0'))?.renderNode).toBe('renderD200');
  });
});

describe('buildInventory', () => {
  it("has one order whatever the listing's", async () => {
    const second = sampleMdev({ uuid: '11111111-2222-4333-8444-555555555555' });
    const host = new InMemoryHost(sampleHostFile([sampleMdev(), second]));
    const listing = await host.nodeDevices.list();
    const domains = [sampleDomain(), sampleDomain({ uuid: parseUuid(second.uuid), name: 'a' })];
    const turned = {
      pciDevices: listing.pciDevices.toReversed(),
      parents: listing.parents.map((parent) => ({ ...parent, types: parent.types.toReversed() })).toReversed(),
      mdevs: listing.mdevs.toReversed(),
    };
    const facts = await collectFacts(listing, host.facts);
    const inventory = buildInventory(listing, domains, facts);
    const other = buildInventory(turned, domains.toReversed(), facts);
    // Maps compare as sets: their order is compared through arrays.
    for (const map of ['pciDevices', 'iommuGroups', 'parents', 'vgpus', 'domains'] as const) {
      expect([...other[map]]).toEqual([...inventory[map]]);
    }
    expect([...inventory.domains.values()].map(({ name }) => name)).toEqual(['a', 'desktop']);
  });

  it('leaves unknown what no fact tells', async () => {
    const listing = await new InMemoryHost(sampleHostFile()).nodeDevices.list();
    const { pciDevices, parents } = buildInventory(listing, [], nothingKnown);
    expect(pciDevices.get(parsePciAddress('00:02.0'))).toMatchObject({ revision: undefined, bootVga: false });
    expect(parents.get(parseParentName('0000:00:02.0'))?.types[0]).toMatchObject({
      name: undefined,
      description: undefined,
    });
  });
});
