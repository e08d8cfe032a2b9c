// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError, parseUuid, type DomainDevices, type Graphics, type Hostdev, type Uuid } from '@vgpu/core';
import { attribute, descend, elements, localName, namespaceOf, parseXml, textOf, type XmlElement } from './document.js';
import { readPciAddress } from './numbers.js';
import { readVideo } from './video.js';

const libosinfoNamespace = 'http://libosinfo.org/xmlns/libvirt/domain/1.0';

/** What one of a domain's documents says. */
export interface DomainFacts {
  readonly uuid: Uuid;
  readonly name: string;
  /** Empty when it has none. */
  readonly title: string;
  /** Empty when it has none. */
  readonly osId: string;
  readonly devices: DomainDevices;
}

/**
 * Reads a domain (libvirt: formatdomain.html).
 * @throws DeviceError Internal when it is no `<domain>` document with a name and a UUID.
 */
export function readDomain(xml: string): DomainFacts {
  return toDomainFacts(parseDomain(xml));
}

/** The same from the document's root. */
export function toDomainFacts(domain: XmlElement): DomainFacts {
  const name = textOf(descend(domain, 'name'));
  const uuid = readUuid(textOf(descend(domain, 'uuid')));
  if (name === undefined || uuid === undefined) {
    throw new DeviceError('Internal', "libvirt's document is no domain with a name and a uuid");
  }
  return {
    uuid,
    name,
    title: textOf(descend(domain, 'title')) ?? '',
    osId: readOsId(domain),
    devices: readDevices(descend(domain, 'devices')),
  };
}

/** @throws DeviceError Internal when the root is another element. */
export function parseDomain(xml: string): XmlElement {
  const domain = parseXml(xml);
  if (domain.name !== 'domain') throw new DeviceError('Internal', "libvirt's document is no domain");
  return domain;
}

/** The devices that matter here; `devices` is the `<devices>` element. */
export function readDevices(devices: XmlElement | undefined): DomainDevices {
  return {
    hostdevs: elements(devices, 'hostdev').flatMap((hostdev) => readHostdev(hostdev)),
    videos: elements(devices, 'video').map((video) => readVideo(video)),
    graphics: elements(devices, 'graphics').map((graphics) => readGraphics(graphics)),
    console: readConsole(devices),
  };
}

function readHostdev(hostdev: XmlElement): Hostdev[] {
  if (attribute(hostdev, 'mode') !== 'subsystem') return [];
  const address = descend(hostdev, 'source', 'address');
  const type = attribute(hostdev, 'type');
  if (type === 'mdev') {
    const uuid = readUuid(attribute(address, 'uuid'));
    if (uuid === undefined) return [];
    const isOn = (name: string): boolean => attribute(hostdev, name) === 'on';
    return [
      { kind: 'mdev', uuid, model: attribute(hostdev, 'model') ?? '', display: isOn('display'), ramfb: isOn('ramfb') },
    ];
  }
  const pciAddress = type === 'pci' ? readPciAddress(address) : undefined;
  if (pciAddress === undefined) return [];
  return [{ kind: 'pci', address: pciAddress, managed: attribute(hostdev, 'managed') === 'yes' }];
}

function readGraphics(graphics: XmlElement): Graphics {
  const type = attribute(graphics, 'type') ?? '';
  return { type, gl: type === 'egl-headless' || attribute(descend(graphics, 'gl'), 'enable') === 'yes' };
}

/** libvirt prints the first serial port a second time as the first console. */
function readConsole(devices: XmlElement | undefined): DomainDevices['console'] {
  const first = descend(devices, 'console') ?? descend(devices, 'serial');
  if (first === undefined) return undefined;
  const type = attribute(first, 'type') ?? '';
  return { type, path: type === 'pty' ? attribute(descend(first, 'source'), 'path') : undefined };
}

function readOsId(domain: XmlElement): string {
  const metadata = descend(domain, 'metadata');
  if (metadata === undefined) return '';
  const libosinfo = elements(metadata).find(
    (element) => namespaceOf(element, metadata, domain) === libosinfoNamespace && localName(element) === 'libosinfo',
  );
  return (
    attribute(
      elements(libosinfo).find((element) => localName(element) === 'os'),
      'id',
    ) ?? ''
  );
}

function readUuid(text: string | undefined): Uuid | undefined {
  try {
    return parseUuid(text ?? '');
  } catch {
    return undefined;
  }
}
