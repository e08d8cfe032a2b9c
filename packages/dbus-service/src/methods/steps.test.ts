// SPDX-License-Identifier: LGPL-2.1-or-later
import { readFileSync } from 'node:fs';
import {
  parseMdevTypeId,
  parseParentName,
  parseUuid,
  planAssignVgpu,
  planCreateVgpu,
  planForceOffDomain,
  planShutdownDomain,
  planStartDomain,
  planStepIds,
  planStopVgpu,
  planUnassignVgpu,
  readInventory,
  type Domain,
  type Inventory,
  type Plan,
} from '@vgpu/core';
import { expect, it } from 'vitest';
import { polkitActions } from '../auth/polkit-actions.js';
import type { Dictionary } from '../protocol/contract-types.js';
import { diffWithheld } from '../protocol/names.js';
import { domainWith } from '../testing/calls.js';
import { domainUuid, hostFile, makeDomain, makeHost, storedMdev, vgpuUuid } from '../testing/hosts.js';
import { formatSteps, formatWithheldDiff } from './steps.js';

const xml = readFileSync(new URL('../../data/me.phyllo.Vgpu1.xml', import.meta.url), 'utf8');
const [, listed] = /name="me\.phyllo\.Vgpu1\.StepArgs"\s+value="([^"]*)"/.exec(xml) ?? [];
/** What the contract lists: `key:type` by the step's id. */
const contractArgs = Object.fromEntries(
  [...(listed ?? '').matchAll(/([\w-]+)\(([^)]*)\)/g)].map(([, id, args = '']) => [id, args.split(' ').toSorted()]),
);

const ids = [...planStepIds, diffWithheld];
const vgpu = { uuid: vgpuUuid, parent: parseParentName('0000:00:02.0') };
const other = parseUuid('11111111-2222-4333-8444-555555555555');
const stored = makeDomain().inactive;
if (stored === undefined) throw new Error('not stored');
const videos = [{ model: 'none', primary: false, heads: undefined, vramKiB: undefined }];

const remembering = makeDomain({
  inactive: { ...stored, videos, hostdevs: domainWith([vgpuUuid]).inactive?.hostdevs ?? [] },
  rememberedVideos: [],
});

const inventoryOf = (domains: readonly Domain[], mdev: Partial<typeof storedMdev> = {}) =>
  readInventory(makeHost(domains, { ...hostFile, mdevs: [{ ...storedMdev, ...mdev }] }));
const create = (inventory: Inventory, request: object) =>
  planCreateVgpu(inventory, { typeId: parseMdevTypeId('i915-GVTg_V5_4'), ...request }, () => other);
const running = makeDomain({ state: 'running', active: stored });
const assigned = domainWith([vgpuUuid], { uuid: other, name: 'other' });

async function withoutParent(): Promise<Inventory> {
  const host = makeHost([makeDomain()], { ...hostFile, mdevs: [storedMdev] });
  host.unplugParent(storedMdev.parent);
  return readInventory(host);
}

/** Plans that have every step between them. A new step needs its line. */
const plans: readonly Plan[] = [
  create(await inventoryOf([]), { autostart: true }),
  create(await inventoryOf([]), { persistent: false }),
  planStopVgpu(await inventoryOf([assigned], { active: true }), vgpu),
  planStopVgpu(await inventoryOf([], { active: true, persistent: false }), vgpu),
  planAssignVgpu(await inventoryOf([running, assigned]), vgpu, domainUuid),
  planAssignVgpu(await withoutParent(), vgpu, domainUuid),
  planUnassignVgpu(await inventoryOf([remembering]), vgpu, domainUuid),
  planUnassignVgpu(await inventoryOf([remembering]), vgpu, domainUuid, { restoreVideo: false }),
  planUnassignVgpu(await inventoryOf([domainWith([vgpuUuid])]), vgpu, domainUuid),
  planStartDomain(await inventoryOf([makeDomain({ hasManagedSave: true })]), domainUuid),
  planShutdownDomain(await inventoryOf([running]), domainUuid),
  planForceOffDomain(await inventoryOf([running]), domainUuid),
];
const steps = [...plans.flatMap(formatSteps), formatWithheldDiff(polkitActions.assign)].map((step) => ({
  id: String(step['id']?.value),
  args: step['args']?.value,
}));

it.each(ids)('%s has the args that the contract lists, whatever the plan', (id) => {
  const found = steps.filter((step) => step.id === id);
  expect(found.length).toBeGreaterThan(0);
  for (const { args } of found) {
    const typed = Object.entries(args as Dictionary).map(([key, { signature }]) => `${key}:${signature}`);
    expect(typed.toSorted()).toEqual(contractArgs[id]);
  }
});

it('the contract lists no other step', () => {
  expect(Object.keys(contractArgs).toSorted()).toEqual(ids.toSorted());
});
