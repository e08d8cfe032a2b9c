// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '@vgpu/core';
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
  const domain = findDomain(await service.objects(), options.domain);
  const path = consolePath(domain);
  if (!context.terminal.interactive) {
    throw new DeviceError('InvalidArgument', 'console needs a terminal as its input and output');
  }
  // A console may stay open for days: the bus is not needed for it.
  service.close();
  context.print(plain(`Connected to ${domain.Name}; Ctrl+] leaves`) + '\n');
  const end = await context.terminal.join(path);
  context.print(end === 'left' ? '\n' : plain(`${domain.Name} has closed its console`) + '\n');
  return 0;
}

/** The host's terminal of the console. InvalidState says why there is none and what to do. */
function consolePath(domain: DomainObject): string {
  const type = textIn(domain.Console, 'type');
  const path = textIn(domain.Console, 'path');
  const missing = "its definition needs <console type='pty'/> inside <devices>";
  if (type === undefined) {
    throw new DeviceError('InvalidState', `${domain.Name} has no console: ${missing}`);
  }
  if (type !== 'pty') {
    throw new DeviceError(
      'InvalidState',
      `${domain.Name} has a console of type ${type}, which has no terminal: ${missing}`,
    );
  }
  if (path === undefined) {
    throw new DeviceError(
      'InvalidState',
      `${domain.Name} has a console only while it runs, and is ${domain.State}: vgpuctl domain start ${domain.Name}`,
    );
  }
  return path;
}
