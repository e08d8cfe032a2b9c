// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Uuid } from '../identity/uuid.js';
import type { DomainDevices } from '../model/domain.js';
import type { DomainEdit } from '../model/domain-edit.js';
import type { MdevDefinition, MdevId } from '../ports.js';

/** One call of a port, as data. */
export type PlanAction =
  | { readonly kind: 'define-mdev'; readonly definition: MdevDefinition }
  | { readonly kind: 'start-mdev'; readonly mdev: MdevId }
  | { readonly kind: 'stop-mdev'; readonly mdev: MdevId }
  | { readonly kind: 'undefine-mdev'; readonly mdev: MdevId }
  | { readonly kind: 'set-autostart'; readonly mdev: MdevId; readonly autostart: boolean }
  | EditDomainAction
  | { readonly kind: 'start-domain'; readonly domain: Uuid }
  | { readonly kind: 'shutdown-domain'; readonly domain: Uuid }
  | { readonly kind: 'force-off-domain'; readonly domain: Uuid };

/** All edits of one domain in one define. */
export interface EditDomainAction {
  readonly kind: 'edit-domain';
  readonly domain: Uuid;
  readonly edits: readonly DomainEdit[];
  /**
   * The stored devices that the edits were computed from; other ones at the time of the change are refused with
   * InvalidState. undefined: each edit's own precondition is enough.
   */
  readonly expected: StoredDevices | undefined;
}

/** What edits depend on in a stored definition. */
export type StoredDevices = Pick<DomainDevices, 'hostdevs' | 'videos'>;

/** What a step is, for programs and translations; those that begin with `note` change nothing. */
export const planStepIds = [
  'define-mdev',
  'start-mdev',
  'stop-mdev',
  'undefine-mdev',
  'set-autostart',
  'assign-mdev',
  'unassign-mdev',
  'start-domain',
  'shutdown-domain',
  'force-off-domain',
  /** The change waits for the domain's next start. args: domain, domainName. */
  'note-next-start',
  /** Other domains' definitions hold the same vGPU; only one of them can run at a time. args: uuid, domains, domainNames. */
  'note-also-assigned',
  /** The vGPU is not active; the domain cannot start before it is. args: uuid. */
  'note-vgpu-inactive',
  /** The vGPU's parent is not on the host; the domain cannot start before it is back. args: uuid, parent, domain, domainName. */
  'note-parent-missing',
  /** The vGPU has no definition: it is gone after it stops. args: uuid. */
  'note-vgpu-transient',
  /** Domains that are shut off hold the vGPU and cannot start without it. args: uuid, domains, domainNames. */
  'note-domains-need-vgpu',
  /** The domain goes on from a saved state, with the devices it had then. args: domain, domainName. */
  'note-saved-state',
  /** Video devices are removed and kept in the domain's metadata. args: domain, domainName, models. */
  'note-videos-removed',
  /** The removed video devices come back. args: domain, domainName, models. */
  'note-videos-restored',
  /** No removed video devices are known, or others took their place: the videos stay as they are. args: domain, domainName. */
  'note-videos-kept',
  /** As asked, the removed video devices stay away: the domain has none and no vGPU. args: domain, domainName, models. */
  'note-videos-not-restored',
] as const;
export type PlanStepId = (typeof planStepIds)[number];

/** Identifiers and settings by name; names and titles are cleaned for display. */
export type StepArgs = Readonly<Record<string, string | boolean | readonly string[]>>;

/** One step of a plan. */
export interface PlanStep {
  readonly id: PlanStepId;
  readonly args: StepArgs;
  readonly severity: 'info' | 'warning';
  /** English; clients translate by id and args. */
  readonly message: string;
  /** undefined for a note. */
  readonly action: PlanAction | undefined;
  /** The inverse on the same device; undefined where there is none, or nothing to undo. */
  readonly compensation: PlanAction | undefined;
}

/** A checked change of a host, as data: the same plan is shown, executed and undone. */
export interface Plan {
  readonly steps: readonly PlanStep[];
}
