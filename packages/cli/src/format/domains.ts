// SPDX-License-Identifier: LGPL-2.1-or-later
import { formatJson, plain } from './escape.js';
import { byBytes } from './order.js';
import { formatTable } from './table.js';

export interface ListedDomain {
  readonly uuid: string;
  readonly name: string;
  readonly title: string;
  readonly state: string;
  readonly autostart: boolean;
  /** Whether the stored definition waits for the next start. */
  readonly pendingRestart: boolean;
  readonly vgpus: readonly {
    readonly uuid: string;
    readonly parentName: string;
    readonly typeId: string;
    readonly active: boolean;
  }[];
}

/** A table by name: state, and a line for each vGPU; with their UUIDs in front where these are asked for. */
export function formatDomains(domains: readonly ListedDomain[], { uuids = false } = {}): string {
  const rows = sorted(domains).flatMap((domain) => {
    const state = domain.pendingRestart ? `${domain.state}, restart pending` : domain.state;
    const vgpus = domain.vgpus.map((vgpu) => `${vgpu.uuid} ${vgpu.parentName} ${vgpu.typeId}`);
    const first = [domain.uuid, domain.name, state, vgpus[0] ?? '-'];
    return [first, ...vgpus.slice(1).map((vgpu) => ['', '', '', vgpu])];
  });
  const table = [['UUID', 'NAME', 'STATE', 'VGPUS'], ...rows.map((row) => row.map(plain))];
  return formatTable(uuids ? table : table.map((row) => row.slice(1)));
}

export function formatDomainsJson(domains: readonly ListedDomain[]): string {
  const value = sorted(domains).map((domain) => ({
    uuid: domain.uuid,
    name: domain.name,
    title: domain.title || null,
    state: domain.state,
    autostart: domain.autostart,
    pending_restart: domain.pendingRestart,
    vgpus: domain.vgpus.map((vgpu) => ({
      uuid: vgpu.uuid,
      parent: vgpu.parentName,
      type: vgpu.typeId,
      active: vgpu.active,
    })),
  }));
  return `${formatJson(value)}\n`;
}

function sorted(domains: readonly ListedDomain[]): ListedDomain[] {
  return domains.toSorted((a, b) => byBytes(a.name, b.name));
}
