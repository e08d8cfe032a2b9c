// SPDX-License-Identifier: LGPL-2.1-or-later
export * from './fuzz.js';
export type * from './host-file.js';
export * from './in-memory-host.js';
export * from './samples.js';
