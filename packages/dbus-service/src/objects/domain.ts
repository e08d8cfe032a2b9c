// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  findVgpus,
  hasPendingRestart,
  vgpusOfDomain,
  type Domain,
  type DomainDevices,
  type Inventory,
  type Uuid,
} from '@vgpu/core';
import type { Dictionary, TypedValue } from '../protocol/contract-types.js';
import type { PropertiesOf } from '../protocol/members.js';
import { publishedDomainName } from '../protocol/domain-name.js';
import { formatPciDevicePath, formatVgpuPath } from '../protocol/paths.js';
import { shownText } from './text.js';
import { isPublished, type Topology } from './topology.js';

const noDevices: DomainDevices = { hostdevs: [], videos: [], graphics: [], console: undefined };

export function domainProperties({ inventory }: Topology, domain: Domain): PropertiesOf<'me.phyllo.Vgpu1.Domain'> {
  const devices = domain.inactive ?? domain.active ?? noDevices;
  const addresses = devices.hostdevs.flatMap((hostdev) => (hostdev.kind === 'pci' ? [hostdev.address] : []));
  return {
    Uuid: domain.uuid,
    Name: publishedDomainName(domain.name),
    Title: shownText(domain.title),
    OsId: shownText(domain.osId),
    State: domain.state,
    Persistent: domain.persistent,
    Autostart: domain.autostart,
    HasManagedSave: domain.hasManagedSave,
    PendingRestart: hasPendingRestart(domain),
    Vgpus: vgpusOfDomain(inventory, domain).filter(isPublished).map(formatVgpuPath),
    MissingVgpus: missingVgpus(inventory, devices),
    PciDevices: addresses.filter((address) => inventory.pciDevices.has(address)).map(formatPciDevicePath),
    Videos: devices.videos.map((video) =>
      dictionary({
        model: text(video.model),
        primary: flag(video.primary),
        heads: video.heads === undefined ? undefined : { signature: 'u', value: video.heads },
        vram_kib: video.vramKiB === undefined ? undefined : { signature: 'u', value: video.vramKiB },
      }),
    ),
    Graphics: devices.graphics.map((graphics) => dictionary({ type: text(graphics.type), gl: flag(graphics.gl) })),
    Console: consoleOf(domain),
  };
}

/** Mediated devices that the definition names and nobody has. */
function missingVgpus(inventory: Inventory, { hostdevs }: DomainDevices): readonly Uuid[] {
  const named = hostdevs.flatMap((hostdev) => (hostdev.kind === 'mdev' ? [hostdev.uuid] : []));
  return [...new Set(named)].filter((uuid) => findVgpus(inventory, uuid).length === 0);
}

/** A running machine may have none although its stored definition, which waits for the next start, has one. */
function consoleOf(domain: Domain): Dictionary {
  const found = (domain.active ?? domain.inactive)?.console;
  if (found === undefined) return {};
  return dictionary({ type: text(found.type), path: found.path === undefined ? undefined : text(found.path) });
}

function text(value: string): TypedValue {
  return { signature: 's', value: shownText(value) };
}

function flag(value: boolean): TypedValue {
  return { signature: 'b', value };
}

/** Only the keys that have a value. */
function dictionary(entries: Readonly<Record<string, TypedValue | undefined>>): Dictionary {
  const present: Record<string, TypedValue> = {};
  for (const [key, value] of Object.entries(entries)) if (value !== undefined) present[key] = value;
  return present;
}
