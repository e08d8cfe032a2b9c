// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '../errors.js';
import type { Uuid } from '../identity/uuid.js';
import type { Hostdev, Video } from '../model/domain.js';
import type { HostPorts } from '../ports.js';
import type { EditDomainAction, PlanAction, StoredDevices } from './plan.js';

/** The ports that plans change a host through. */
export type PlanPorts = Pick<HostPorts, 'nodeDevices' | 'domains'>;

/** Carries out one action; rejects as its port does. */
export function performAction(action: PlanAction, ports: PlanPorts): Promise<void> {
  switch (action.kind) {
    case 'define-mdev':
      return ports.nodeDevices.define(action.definition);
    case 'start-mdev':
      return ports.nodeDevices.start(action.mdev);
    case 'stop-mdev':
      return ports.nodeDevices.stop(action.mdev);
    case 'undefine-mdev':
      return ports.nodeDevices.undefine(action.mdev);
    case 'set-autostart':
      return ports.nodeDevices.setAutostart(action.mdev, action.autostart);
    case 'edit-domain':
      return editDomain(action, ports);
    case 'start-domain':
      return ports.domains.start(action.domain);
    case 'shutdown-domain':
      return ports.domains.shutdown(action.domain);
    case 'force-off-domain':
      return ports.domains.forceOff(action.domain);
  }
}

/**
 * The revision is read before the devices are compared: whoever changes the document after that makes apply refuse,
 * whoever changed it earlier is seen in the comparison.
 */
async function editDomain({ domain, edits, expected }: EditDomainAction, ports: PlanPorts): Promise<void> {
  const { uuid, revision } = await ports.domains.preview(domain, edits);
  if (expected !== undefined) await requireStored(domain, expected, ports);
  await ports.domains.apply({ uuid, revision }, edits);
}

async function requireStored(uuid: Uuid, expected: StoredDevices, ports: PlanPorts): Promise<void> {
  const domain = (await ports.domains.list()).find((candidate) => candidate.uuid === uuid);
  if (domain?.inactive !== undefined && fingerprint(domain.inactive) === fingerprint(expected)) return;
  throw new DeviceError('InvalidState', `domain ${uuid} was changed meanwhile`, { details: { domain: uuid } });
}

function fingerprint({ hostdevs, videos }: StoredDevices): string {
  return JSON.stringify([hostdevs.map(hostdevFields), videos.map(videoFields)]);
}

function hostdevFields(hostdev: Hostdev): readonly unknown[] {
  return hostdev.kind === 'mdev'
    ? [hostdev.kind, hostdev.uuid, hostdev.model, hostdev.display, hostdev.ramfb]
    : [hostdev.kind, hostdev.address, hostdev.managed];
}

function videoFields(video: Video): readonly unknown[] {
  const settings = Object.entries(video).filter(([, value]) => value !== undefined);
  return settings.toSorted(([a], [b]) => (a < b ? -1 : 1));
}
