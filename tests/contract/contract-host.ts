// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, vi } from 'vitest';
import {
  DeviceError,
  formatVgpuKey,
  parseMdevTypeId,
  parseParentName,
  parseUuid,
  type Domain,
  type ErrorCode,
  type HostPorts,
  type MdevDefinition,
  type MdevId,
  type MdevVgpu,
  type NodeDeviceListing,
  type Uuid,
} from '@vgpu/core';

/** A host the suite may change; each test gets a new one. */
export interface ContractHost {
  readonly ports: HostPorts;
  /** Takes a parent out of the machine; may return before the ports have seen it. */
  unplug(parent: string): Promise<void>;
  /** Puts it back. */
  plug(parent: string): Promise<void>;
  /** What somebody else does, past the ports; may return before the ports have seen it. */
  readonly others: {
    /** Makes an active vGPU without a definition. */
    startTransient(definition: MdevDefinition): Promise<void>;
    stop(id: MdevId): Promise<void>;
    /** Changes a stored domain's title. */
    retitle(domain: Uuid, title: string): Promise<void>;
  };
  /** The ports lose the host while `meanwhile` runs, and have it again after. */
  interrupt(meanwhile: () => Promise<void>): Promise<void>;
  dispose(): Promise<void>;
}

/** How long a host may take to notice what happened outside the ports; longer where everything is slow. */
export const noticeTimeoutMs = Number(process.env['VGPUD_NOTICE_TIMEOUT_MS'] ?? 10_000);

export const gpu = parseParentName('0000:00:02.0');
export const firstUuid = parseUuid('7686131b-b229-4768-a02c-35d1dbed7c66');
export const secondUuid = parseUuid('11f92c9d-b0b0-4016-b306-a8071277f8b9');
export const unknownUuid = parseUuid('deadbeef-0000-4000-8000-000000000000');

/** A definition under the seed page's GPU: of type i915-GVTg_V5_4 and this number. */
export function definitionOf(uuid = firstUuid, number: 1 | 2 | 4 | 8 = 4): MdevDefinition {
  return { uuid, parent: gpu, typeId: parseMdevTypeId(`i915-GVTg_V5_${number}`), attributes: [] };
}

export function idOf(uuid = firstUuid): MdevId {
  return { uuid, parent: gpu };
}

export async function findMdev(ports: HostPorts, id: MdevId): Promise<MdevVgpu | undefined> {
  const { mdevs } = await ports.nodeDevices.list();
  return mdevs.find((mdev) => formatVgpuKey(mdev) === formatVgpuKey(id));
}

/** Available instances of the GPU's types, by the number at the end of their ids. */
export async function instances(ports: HostPorts): Promise<Readonly<Record<string, number>>> {
  const { parents } = await ports.nodeDevices.list();
  const types = parents.find((parent) => parent.name === gpu)?.types ?? [];
  return Object.fromEntries(types.map((type) => [type.typeId.replace(/^.*_/, ''), type.availableInstances]));
}

/** A shut-off, stored domain with a real video device and without hostdevs: every host of the suite has one. */
export async function findPlainDomain(ports: HostPorts): Promise<Domain> {
  const domain = (await ports.domains.list()).find(
    ({ active, inactive }) =>
      active === undefined &&
      inactive?.hostdevs.length === 0 &&
      inactive.videos.some((video) => video.model !== 'none'),
  );
  if (domain === undefined) throw new Error('the host has no shut-off domain with a video device and no hostdev');
  return domain;
}

export async function reread(ports: HostPorts, { uuid }: Domain): Promise<Domain> {
  const domain = (await ports.domains.list()).find((candidate) => candidate.uuid === uuid);
  if (domain === undefined) throw new Error(`domain ${uuid} is gone`);
  return domain;
}

/** The code a call is refused with; fails when it is not refused, or when something that can be read has changed. */
export async function refusal(ports: HostPorts, act: () => Promise<unknown>): Promise<ErrorCode | undefined> {
  const before = await readAll(ports);
  const error: unknown = await act().then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(DeviceError);
  expect(await readAll(ports)).toEqual(before);
  return error instanceof DeviceError ? error.code : undefined;
}

/** Waits until what the ports read satisfies the assertions. */
export function eventually<T>(assertions: () => Promise<T>): Promise<T> {
  return vi.waitFor(assertions, { timeout: noticeTimeoutMs, interval: 50 });
}

/** Everything that the ports list, in an order of its own. */
export async function readAll(
  ports: HostPorts,
  method: 'list' | 'listChanged' = 'list',
): Promise<{ listing: NodeDeviceListing; domains: readonly Domain[] }> {
  const [listing, domains] = await Promise.all([ports.nodeDevices[method](), ports.domains[method]()]);
  return {
    listing: {
      pciDevices: listing.pciDevices.toSorted(by((device) => device.address)),
      parents: listing.parents
        .map((parent) => ({ ...parent, types: parent.types.toSorted(by((type) => type.typeId)) }))
        .toSorted(by((parent) => parent.name)),
      mdevs: listing.mdevs.toSorted(by(formatVgpuKey)),
    },
    domains: domains.toSorted(by((domain) => domain.uuid)),
  };
}

function by<T>(key: (item: T) => string): (a: T, b: T) => number {
  return (a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0);
}
