// SPDX-License-Identifier: LGPL-2.1-or-later
import { interfaces, managerPath } from '@vgpu/dbus-service/protocol';
import type { Context } from '../context.js';
import type { Objects, ObjectWith } from '../service/objects.js';

/** Everything that is published, for a command that lists it: where it may be out of date a remark says so. */
export async function listedObjects(context: Context): Promise<Objects> {
  const objects = await (await context.service()).objects();
  const manager = objects.find(interfaces.manager, managerPath);
  if (manager?.Stale) context.remark(`${whyStale(manager)}: ${whatIsShown(manager)}`);
  return objects;
}

/** Says why nothing is listed; a host that cannot be read has its remark already. */
export function remarkNothing(objects: Objects, context: Context, text: string): void {
  if (!objects.find(interfaces.manager, managerPath)?.Stale) context.remark(text);
}

type Manager = ObjectWith<typeof interfaces.manager>;

function whyStale({ Connected: connected, LibvirtUri: uri }: Manager): string {
  return connected ? 'the host could not be read again' : `libvirt at ${uri} cannot be reached`;
}

function whatIsShown({ LastRefresh: usec }: Manager): string {
  if (usec === 0n) return 'nothing has been seen yet';
  return `this is what was last seen at ${new Date(Number(usec / 1000n)).toISOString()}`;
}
