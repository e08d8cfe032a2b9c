// SPDX-License-Identifier: LGPL-2.1-or-later
export { openLibvirtHost } from './open-host.js';
export type { OpenLibvirtHostOptions } from './open-host.js';
export type { DomainTimeLimits } from './time-limits.js';
