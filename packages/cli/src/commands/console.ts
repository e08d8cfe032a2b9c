// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '@vgpu/core';
import { interfaces, managerPath, type Dictionary } from '@vgpu/dbus-service/protocol';
import type { Context } from '../context.js';
import { plain } from '../format/escape.js';
import { textIn } from '../service/objects.js';
import { findDomain, type DomainObject } from '../service/targets.js';

export interface ConsoleOptions {
  /** Name or UUID. */
  readonly domain: string;
}

/** Joins the terminal to a virtual machine's text console until Ctrl+]. */
export async function run(options: ConsoleOptions, context: Context): Promise<number> {
  const service = await context.service();
  const objects = await service.objects();
  const domain = findDomain(objects, options.domain);
  requirePath(domain, domain.Console);
  if (!context.terminal.interactive) {
    throw new DeviceError('InvalidArgument', 'console needs a terminal as its input and output');
  }
  if (objects.find(interfaces.manager, managerPath)?.Stale) {
    const message = `libvirt cannot be reached: where the console of ${domain.Name} is now is not known`;
    throw new DeviceError('Unavailable', message);
  }

  const object = { path: domain.path, interfaceName: interfaces.domain } as const;
  const path = requirePath(domain, await service.property(object, 'Console'));
  const device = await context.terminal.open(path);
  try {
    // Terminals are numbered anew: only one that is the console's still now, when it is open, is the right one.
    const now = textIn(await service.property(object, 'Console'), 'path');
    if (now !== path) throw new DeviceError('InvalidState', `the console of ${domain.Name} has changed: try again`);
  } catch (error) {
    device.close();
    throw error;
  }
  // A console may stay open for days: the bus is not needed for it.
  service.close();
  context.print(plain(`Connected to ${domain.Name}; Ctrl+] leaves`) + '\n');
  const end = await device.join();
  context.print(end === 'left' ? '\n' : plain(`${domain.Name} has closed its console`) + '\n');
  return 0;
}

/** The host's terminal of the console. InvalidState says why there is none and what to do. */
function requirePath({ Name: name, State: state }: DomainObject, console: Dictionary): string {
  const type = textIn(console, 'type');
  const path = textIn(console, 'path');
  if (type === 'pty' && path !== undefined) return path;
  const active = state !== 'shut-off' && state !== 'crashed';
  const missing =
    "its definition needs <console type='pty'/> inside <devices>" + (active ? ', from its next start on' : '');
  if (type !== undefined && type !== 'pty') {
    const message = `${name} has a console of type ${type}, which has no terminal: ${missing}`;
    throw new DeviceError('InvalidState', message);
  }
  // While it runs, a stored console without a terminal is one that it will have only then.
  if (active) throw new DeviceError('InvalidState', `${name} runs without a console: ${missing}`);
  if (type === undefined) throw new DeviceError('InvalidState', `${name} has no console: ${missing}`);
  throw new DeviceError(
    'InvalidState',
    `${name} has a console only while it runs, and is ${state}: vgpuctl domain start ${name}`,
  );
}
