// SPDX-License-Identifier: LGPL-2.1-or-later
import type { MdevTypeId } from '../../identity/device-names.js';
import type { HostFactsPort, ListedParent, ListedPciDevice, MdevTypeFacts, PciFacts } from '../../ports.js';
import { formatGvtgDescription, gvtgTypes } from '../../rules/capacity.js';
import type { HostState } from './host-state.js';

/** The host file's facts; there is no PCI ID database, so devices have no names. */
export class InMemoryFacts implements HostFactsPort {
  readonly #state: HostState;

  constructor(state: HostState) {
    this.#state = state;
  }

  async pciFacts({ address }: ListedPciDevice): Promise<PciFacts> {
    const device = this.#state.file.pciDevices.find((candidate) => candidate.address === address);
    return {
      revision: device === undefined ? undefined : Number(device.revision),
      bootVga: device?.bootVga ?? false,
      renderNode: device?.drm?.render,
      className: undefined,
      vendorName: undefined,
      productName: undefined,
    };
  }

  async mdevTypeFacts({ name }: ListedParent, typeId: MdevTypeId): Promise<MdevTypeFacts> {
    const capacity = this.#state.parent(name)?.capacity;
    if (capacity?.model === 'gvt-g') {
      const type = gvtgTypes(capacity).find(({ id }) => id === typeId);
      return { name: undefined, description: type === undefined ? undefined : formatGvtgDescription(type) };
    }
    const type = capacity?.types.find(({ id }) => id === typeId);
    return { name: type?.name, description: type?.description };
  }

  async mdevctlVersion(): Promise<string | undefined> {
    return undefined;
  }
}
