// SPDX-License-Identifier: LGPL-2.1-or-later
export { SysfsHostFacts } from './host-facts.js';
export type { SysfsHostFactsOptions } from './host-facts.js';
