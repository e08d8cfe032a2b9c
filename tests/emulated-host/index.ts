// SPDX-License-Identifier: LGPL-2.1-or-later
export type { ControlCommand, KernelState } from './control.js';
export {
  EmulatedHost,
  startEmulatedHost,
  type BusProgram,
  type EmulatedHostOptions,
  type ServiceName,
} from './emulated-host.js';
export type { ExecOptions, ExecResult } from './enter.js';
export { HostFileError, hostNames, readHostFile } from './host-file.js';
export { EmulatedHostError } from './namespace.js';
