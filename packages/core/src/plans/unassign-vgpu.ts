// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '../errors.js';
import type { Uuid } from '../identity/uuid.js';
import type { Domain } from '../model/domain.js';
import type { DomainEdit } from '../model/domain-edit.js';
import type { Inventory } from '../model/inventory.js';
import { hasOnlyVideoNone, nextStartNote, requireEditableDomain } from './domain-definition.js';
import type { Plan, PlanStep, StoredDevices } from './plan.js';
import type { UnassignVgpuOptions } from './requests.js';
import { domainArgs, note, shownName } from './step.js';

/**
 * Takes a vGPU out of a stored domain; with the last one, the video devices that assigning removed come back.
 * It works also for a hostdev whose vGPU is no longer there. A running domain keeps it until its next start.
 * @throws DeviceError NotFound (domain, or no such hostdev), InvalidState (transient domain, managed save)
 */
export function planUnassignVgpu(
  inventory: Inventory,
  vgpu: { readonly uuid: Uuid },
  domainUuid: Uuid,
  { restoreVideo = true }: UnassignVgpuOptions = {},
): Plan {
  const { domain, stored } = requireEditableDomain(inventory, domainUuid);
  const hostdev = stored.hostdevs.find((candidate) => candidate.kind === 'mdev' && candidate.uuid === vgpu.uuid);
  if (hostdev?.kind !== 'mdev') {
    throw new DeviceError('NotFound', `vGPU ${vgpu.uuid} is not assigned to ${shownName(domain)}`, {
      details: { uuid: vgpu.uuid, ...domainArgs(domain) },
    });
  }
  const others = stored.hostdevs.some((other) => other.kind === 'mdev' && other.uuid !== vgpu.uuid);
  const video = others ? unchanged : restoreVideo ? restoreEdits(domain, stored) : leaveVideos(domain, stored);
  const unassign: PlanStep = {
    id: 'unassign-mdev',
    args: { uuid: vgpu.uuid, ...domainArgs(domain) },
    severity: 'info',
    message: `unassign ${vgpu.uuid} from ${shownName(domain)}`,
    action: {
      kind: 'edit-domain',
      domain: domain.uuid,
      edits: [{ kind: 'remove-mdev-hostdev', uuid: vgpu.uuid }, ...video.edits],
      expected: stored,
    },
    compensation: {
      kind: 'edit-domain',
      domain: domain.uuid,
      edits: [{ kind: 'add-mdev-hostdev', hostdev }, ...video.undo],
      expected: undefined,
    },
  };
  return { steps: [unassign, ...video.notes, ...nextStartNote(domain)] };
}

interface VideoChange {
  readonly edits: readonly DomainEdit[];
  readonly undo: readonly DomainEdit[];
  readonly notes: readonly PlanStep[];
}

const unchanged: VideoChange = { edits: [], undo: [], notes: [] };

/** What an assignment removed stays remembered: a later assignment and its end bring it back. */
function leaveVideos(domain: Domain, stored: StoredDevices): VideoChange {
  if (!hasOnlyVideoNone(stored)) return unchanged;
  const models = domain.rememberedVideos?.map((video) => video.model) ?? [];
  const removed = models.length === 0 ? '' : `, the removed one (${models.join(', ')}) is not brought back`;
  const message = `${shownName(domain)} is left without a video device${removed}`;
  return {
    ...unchanged,
    notes: [note('note-videos-not-restored', 'info', message, { ...domainArgs(domain), models })],
  };
}

/** Only what an assignment removed comes back, and only where nothing took its place meanwhile. */
function restoreEdits(domain: Domain, stored: StoredDevices): VideoChange {
  const remembered = domain.rememberedVideos;
  if (remembered === undefined || !hasOnlyVideoNone(stored)) {
    const forget: DomainEdit = { kind: 'remember-videos', videos: undefined };
    const keep: DomainEdit = { kind: 'remember-videos', videos: remembered };
    const message = `${shownName(domain)} keeps the video devices it has: no removed ones can come back`;
    return {
      edits: remembered === undefined ? [] : [forget],
      undo: remembered === undefined ? [] : [keep],
      notes: [note('note-videos-kept', 'info', message, domainArgs(domain))],
    };
  }
  const models = remembered.map((video) => video.model);
  const message =
    models.length === 0
      ? `${shownName(domain)} has no video device, as before`
      : `${shownName(domain)} gets its video device back (${models.join(', ')})`;
  return {
    edits: [
      { kind: 'set-videos', videos: remembered },
      { kind: 'remember-videos', videos: undefined },
    ],
    undo: [{ kind: 'set-video-none' }, { kind: 'remember-videos', videos: remembered }],
    notes: [note('note-videos-restored', 'info', message, { ...domainArgs(domain), models })],
  };
}
