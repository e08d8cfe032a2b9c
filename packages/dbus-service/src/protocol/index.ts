// SPDX-License-Identifier: LGPL-2.1-or-later
export * from './contract.js';
export type * from './contract-types.js';
export type * from './members.js';
export * from './domain-name.js';
export * from './names.js';
export * from './paths.js';
