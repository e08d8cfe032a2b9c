// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Service } from './service/service.js';
import type { Terminal } from './terminal.js';

/** Everything a command may touch outside its options. */
export interface Context {
  /** Writes to the standard output as it is. */
  print(text: string): void;
  /** Writes a line to the standard error: what is to be known of the output, which is as it is without it. */
  remark(text: string): void;
  /** The service, connected at the first call. Rejects with DeviceError Unavailable. */
  service(): Promise<Service>;
  readonly terminal: Terminal;
}
