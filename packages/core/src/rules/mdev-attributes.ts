// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '../errors.js';
import type { ParentName } from '../identity/device-names.js';
import type { MdevAttribute } from '../model/vgpu.js';
import type { ListedParent, ListedPciDevice } from '../ports.js';
import { quoteText } from './display-text.js';

const maxAttributes = 64;
const maxNameLength = 64;
/** In UTF-16 code units; the kernel takes at most one page. */
const maxValueLength = 1024;

/** No dot in front: neither `.` nor `..` is a name. */
const attributeName = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

/**
 * Attributes that can be written by name, by the parent's driver. Any other is refused: mdevctl writes an attribute
 * as root to a file of its name, and files such as `remove` or `uevent` are beside it.
 * vfio_ap: kernel, Documentation/arch/s390/vfio-ap.rst. i915, nvidia and mtty have none that a plain name reaches.
 */
const allowedByDriver: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['vfio_ap', new Set(['assign_adapter', 'assign_domain', 'assign_control_domain', 'ap_config'])],
]);

/**
 * The driver of a parent, as checkMdevAttributes wants it; undefined when it is not known or not there.
 * A parent that is no PCI device is known by its name.
 */
export function parentDriver(
  devices: {
    readonly parents: Iterable<Pick<ListedParent, 'name' | 'pciAddress'>>;
    readonly pciDevices: Iterable<Pick<ListedPciDevice, 'address' | 'driver'>>;
  },
  name: ParentName,
): string | undefined {
  const address = [...devices.parents].find((parent) => parent.name === name)?.pciAddress;
  if (address !== undefined) return [...devices.pciDevices].find((device) => device.address === address)?.driver;
  return name === 'matrix' ? 'vfio_ap' : undefined;
}

/**
 * The one check for every way in: requests, profiles, files, and definitions found on the host.
 * @param driver the parent's kernel driver; an unknown one allows none
 * @throws DeviceError InvalidArgument, details.attribute names the first wrong one
 */
export function checkMdevAttributes(attributes: readonly MdevAttribute[], driver: string | undefined): void {
  if (attributes.length > maxAttributes) {
    throw new DeviceError('InvalidArgument', `${attributes.length} attributes are more than ${maxAttributes}`);
  }
  for (const [name, value] of attributes) {
    const problem = nameProblem(name, driver) ?? valueProblem(value);
    if (problem !== undefined) {
      throw new DeviceError('InvalidArgument', `attribute ${quoteText(name)} ${problem}`, {
        details: { attribute: name },
      });
    }
  }
}

function nameProblem(name: string, driver: string | undefined): string | undefined {
  if (name.length > maxNameLength || !attributeName.test(name)) return 'is not an attribute name';
  if (driver !== undefined && allowedByDriver.get(driver)?.has(name) === true) return undefined;
  return `is not an attribute that the driver ${driver ?? '(unknown)'} takes`;
}

function valueProblem(value: string): string | undefined {
  if (value.length > maxValueLength) return `has a value longer than ${maxValueLength} characters`;
  if (unprintable.test(value)) return 'has a value with control characters';
  return undefined;
}
