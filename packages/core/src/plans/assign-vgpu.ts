// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '../errors.js';
import type { Uuid } from '../identity/uuid.js';
import type { Domain, MdevHostdev, Video } from '../model/domain.js';
import type { DomainEdit } from '../model/domain-edit.js';
import type { Inventory } from '../model/inventory.js';
import type { MdevVgpu } from '../model/vgpu.js';
import type { MdevId } from '../ports.js';
import { cleanDisplayText } from '../rules/display-text.js';
import { domainInUse, domainsAssigned } from '../rules/domain-use.js';
import { refuseUsedBy, requireReadable, requireUniqueUuid } from '../rules/mdev-checks.js';
import { requireMdev } from './checks.js';
import { nextStartNote, removedVideos, requireEditableDomain } from './domain-definition.js';
import type { Plan, PlanStep } from './plan.js';
import type { AssignVgpuOptions } from './requests.js';
import { domainArgs, domainsArgs, mdevArgs, note, shownName } from './step.js';
import { transientNote } from './start-stop-vgpu.js';

/**
 * Gives a stored domain a vGPU: all video devices become one of model none and are remembered, the hostdev comes.
 * A running domain gets it at its next start.
 * @throws DeviceError NotFound (vGPU, domain), NotSupported (no mdev, or not for vfio-pci; a video device that could not
 * be brought back), Ambiguous, InvalidState (transient domain, managed save, a vGPU that cannot be read), AlreadyExists (assigned already), DeviceBusy (another running domain has it)
 */
export function planAssignVgpu(
  inventory: Inventory,
  vgpu: MdevId,
  domainUuid: Uuid,
  _options: AssignVgpuOptions = {},
): Plan {
  const mdev = requireMdev(inventory, vgpu);
  requireUniqueUuid(inventory.vgpus.values(), mdev.uuid);
  requireReadable(mdev);
  requireVfioPci(inventory, mdev);
  const { domain, stored } = requireEditableDomain(inventory, domainUuid);
  if (stored.hostdevs.some((hostdev) => hostdev.kind === 'mdev' && hostdev.uuid === mdev.uuid)) {
    throw new DeviceError('AlreadyExists', `vGPU ${mdev.uuid} is assigned to ${shownName(domain)} already`, {
      details: { uuid: mdev.uuid, ...domainArgs(domain) },
    });
  }
  const user = domainInUse(inventory, mdev);
  if (user !== undefined && user.uuid !== domain.uuid) refuseUsedBy(mdev, user);

  const hostdev: MdevHostdev = { kind: 'mdev', uuid: mdev.uuid, model: 'vfio-pci', display: false, ramfb: false };
  const removed = removedVideos(stored);
  if (removed !== undefined) requireRestorable(domain, stored.videos);
  const edits: DomainEdit[] = [{ kind: 'add-mdev-hostdev', hostdev }];
  const undo: DomainEdit[] = [{ kind: 'remove-mdev-hostdev', uuid: mdev.uuid }];
  if (removed !== undefined) {
    edits.push({ kind: 'set-video-none' });
    undo.push({ kind: 'set-videos', videos: stored.videos });
    // Also that there were none: unassign leaves the domain as it was.
    edits.push({ kind: 'remember-videos', videos: removed });
    undo.push({ kind: 'remember-videos', videos: domain.rememberedVideos });
  }
  const assign: PlanStep = {
    id: 'assign-mdev',
    args: { uuid: mdev.uuid, parent: mdev.parent, ...domainArgs(domain) },
    severity: 'info',
    message: `assign ${mdev.uuid} to ${shownName(domain)}`,
    action: { kind: 'edit-domain', domain: domain.uuid, edits, expected: stored },
    compensation: { kind: 'edit-domain', domain: domain.uuid, edits: undo, expected: undefined },
  };
  return {
    steps: [
      assign,
      ...removedVideosNote(domain, removed?.map((video) => video.model) ?? []),
      ...nextStartNote(domain),
      ...inactiveNote(mdev, domain),
      ...transientNote(mdev),
      ...alsoAssignedNote(inventory, mdev, domain),
    ],
  };
}

/** @throws DeviceError NotSupported: the type is made for another kind of machine */
function requireVfioPci(inventory: Inventory, mdev: MdevVgpu): void {
  const type = inventory.parents.get(mdev.parent)?.types.find((candidate) => candidate.typeId === mdev.typeId);
  if (type === undefined || type.deviceApi === 'vfio-pci') return;
  throw new DeviceError('NotSupported', `vGPU ${mdev.uuid} is for ${type.deviceApi}, not for vfio-pci`, {
    details: { uuid: mdev.uuid, deviceApi: type.deviceApi },
  });
}

/** @throws DeviceError NotSupported, details.elements names what unassigning could not bring back */
function requireRestorable(domain: Domain, videos: readonly Video[]): void {
  const elements = videos.flatMap((video) => video.unsupported ?? []).map((element) => cleanDisplayText(element));
  if (elements.length === 0) return;
  throw new DeviceError(
    'NotSupported',
    `domain ${shownName(domain)} has a video device with ${elements.join(', ')}, which could not be brought back`,
    { details: { ...domainArgs(domain), elements } },
  );
}

function removedVideosNote(domain: Domain, models: readonly string[]): readonly PlanStep[] {
  if (models.length === 0) return [];
  const message = `${shownName(domain)} loses its video device (${models.join(', ')}) and remembers it for unassign`;
  return [note('note-videos-removed', 'info', message, { ...domainArgs(domain), models })];
}

function inactiveNote(mdev: MdevVgpu, domain: Domain): readonly PlanStep[] {
  if (mdev.active) return [];
  if (!mdev.parentPresent) {
    const name = shownName(domain);
    const missing = `${mdev.uuid} is not active: its parent ${mdev.parent} is not on this host; ${name} cannot start until it is back`;
    return [note('note-parent-missing', 'warning', missing, { ...mdevArgs(mdev), ...domainArgs(domain) })];
  }
  const message = `${mdev.uuid} is not active: starting the machine through vgpud starts it first, libvirt alone does not`;
  return [note('note-vgpu-inactive', 'warning', message, { uuid: mdev.uuid })];
}

function alsoAssignedNote(inventory: Inventory, mdev: MdevVgpu, domain: Domain): readonly PlanStep[] {
  const others = domainsAssigned(inventory, mdev).filter((other) => other.uuid !== domain.uuid);
  if (others.length === 0) return [];
  const names = others.map(shownName).join(', ');
  const message = `${mdev.uuid} is also assigned to ${names}: only one of them can run at a time`;
  return [note('note-also-assigned', 'warning', message, { uuid: mdev.uuid, ...domainsArgs(others) })];
}
