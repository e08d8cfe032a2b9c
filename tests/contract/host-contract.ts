// SPDX-License-Identifier: LGPL-2.1-or-later
import { afterEach, beforeEach, describe } from 'vitest';
import type { ContractHost } from './contract-host.js';
import { domainContract } from './domain-contract.js';
import { hostChangesContract } from './host-changes-contract.js';
import { listChangedContract } from './list-changed-contract.js';
import { listingContract } from './listing-contract.js';
import { mdevLifeCycleContract } from './mdev-life-cycle-contract.js';
import { mdevRefusalsContract } from './mdev-refusals-contract.js';
import { oddAttributeContract } from './odd-attribute-contract.js';
import { twinUuidContract } from './twin-uuid-contract.js';

export type { ContractHost } from './contract-host.js';

/** Starts a host from the file with this name; see host-files.ts for where the files are. */
export type CreateContractHost = (hostName: string) => Promise<ContractHost>;

/**
 * What every implementation of HostPorts keeps. Hosts used: seed-page (it must hold one shut-off domain with a video
 * device and without hostdevs), twin-uuid and odd-attribute.
 */
export function describeHostContract(name: string, createHost: CreateContractHost): void {
  describe(`host contract: ${name}`, () => {
    describe("on the seed page's machine", () => {
      const current = useHost(createHost, 'seed-page');
      listingContract(current);
      mdevLifeCycleContract(current);
      mdevRefusalsContract(current);
      hostChangesContract(current);
      listChangedContract(current);
      domainContract(current);
    });
    describe('on a host with one UUID under two parents', () => {
      twinUuidContract(useHost(createHost, 'twin-uuid'));
    });
    describe('on a host with a definition that nobody may start', () => {
      oddAttributeContract(useHost(createHost, 'odd-attribute'));
    });
  });
}

/** A new host for every test. @returns a function that gives the running test's one */
function useHost(createHost: CreateContractHost, hostName: string): () => ContractHost {
  let host: ContractHost | undefined;
  beforeEach(async () => {
    host = await createHost(hostName);
  });
  afterEach(async () => {
    await host?.dispose();
    host = undefined;
  });
  return () => {
    if (host === undefined) throw new Error('there is no host outside of a test');
    return host;
  };
}
