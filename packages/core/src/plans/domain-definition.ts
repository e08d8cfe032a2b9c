// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '../errors.js';
import type { Uuid } from '../identity/uuid.js';
import type { Domain, Video } from '../model/domain.js';
import type { Inventory } from '../model/inventory.js';
import { requireDomain } from './checks.js';
import type { PlanStep, StoredDevices } from './plan.js';
import { domainArgs, note, shownName } from './step.js';

/**
 * A domain whose stored definition can be changed, and the devices in it.
 * @throws DeviceError NotFound; InvalidState for a domain that cannot be read, for a transient one, and while a saved image exists: the next start
 * would restore the old devices
 */
export function requireEditableDomain(
  inventory: Inventory,
  uuid: Uuid,
): { readonly domain: Domain; readonly stored: StoredDevices } {
  const domain = requireDomain(inventory, uuid);
  if (domain.unreadable === true) {
    throw new DeviceError('InvalidState', `domain ${shownName(domain)} has a definition that cannot be read`, {
      details: domainArgs(domain),
    });
  }
  if (!domain.persistent || domain.inactive === undefined) {
    throw new DeviceError('InvalidState', `domain ${shownName(domain)} is transient: it has no definition to change`, {
      details: domainArgs(domain),
    });
  }
  if (domain.hasManagedSave) {
    throw new DeviceError(
      'InvalidState',
      `domain ${shownName(domain)} has a saved state, which would restore the old devices: start it, or remove the saved state`,
      { details: domainArgs(domain) },
    );
  }
  const { hostdevs, videos } = domain.inactive;
  return { domain, stored: { hostdevs, videos } };
}

/** Videos that go when the domain shall have none; undefined when its only one is of model none already. */
export function removedVideos(stored: StoredDevices): readonly Video[] | undefined {
  if (hasOnlyVideoNone(stored)) return undefined;
  return stored.videos.filter((video) => video.model !== 'none');
}

export function hasOnlyVideoNone({ videos }: StoredDevices): boolean {
  return videos.length === 1 && videos[0]?.model === 'none';
}

/** Tells that a running domain keeps its devices until it is started again. */
export function nextStartNote(domain: Domain): readonly PlanStep[] {
  if (domain.active === undefined) return [];
  const message = `${shownName(domain)} is running: the change takes effect at its next start`;
  return [note('note-next-start', 'info', message, domainArgs(domain))];
}
