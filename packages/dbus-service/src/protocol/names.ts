// SPDX-License-Identifier: LGPL-2.1-or-later
import { exitStatusByErrorCode, type ErrorCode } from '@vgpu/core';

/** The service's well-known name on the system bus. */
export const busName = 'me.phyllo.Vgpu1';

/** The object with org.freedesktop.DBus.ObjectManager. */
export const rootPath = '/me/phyllo/Vgpu1';

export const managerPath = `${rootPath}/manager`;

/** The path that stands for "no object". */
export const noObject = '/';

export const interfaces = {
  manager: 'me.phyllo.Vgpu1.Manager',
  gpu: 'me.phyllo.Vgpu1.Gpu',
  vgpuType: 'me.phyllo.Vgpu1.VgpuType',
  pciDevice: 'me.phyllo.Vgpu1.PciDevice',
  iommuGroup: 'me.phyllo.Vgpu1.IommuGroup',
  mdevParent: 'me.phyllo.Vgpu1.MdevParent',
  vgpu: 'me.phyllo.Vgpu1.Vgpu',
  domain: 'me.phyllo.Vgpu1.Domain',
  operation: 'me.phyllo.Vgpu1.Operation',
} as const;

/** The step of Manager.Preview that says that there is a diff, and that the caller does not get it. */
export const diffWithheld = 'note-diff-withheld';

const errorPrefix = 'me.phyllo.Vgpu1.Error.';

export function formatErrorName(code: ErrorCode): string {
  return `${errorPrefix}${code}`;
}

/** The code in a D-Bus error name; undefined for an error that is not ours. */
export function parseErrorName(name: string): ErrorCode | undefined {
  const code = name.startsWith(errorPrefix) ? name.slice(errorPrefix.length) : '';
  return Object.hasOwn(exitStatusByErrorCode, code) ? (code as ErrorCode) : undefined;
}
