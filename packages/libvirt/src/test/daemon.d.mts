// SPDX-License-Identifier: LGPL-2.1-or-later
/** Why a daemon of our own cannot run here, or nothing. */
export function daemonObstacle(): string | undefined;

/** A libvirtd in namespaces of its own, which serves the test driver and QEMU over a real socket. */
export class Daemon {
  private constructor();
  /** @param options `mdevs`: UUIDs of mdev definitions whose parent is not there; they are inactive node devices */
  static start(options?: { readonly mdevs?: readonly string[] }): Promise<Daemon>;
  /** Its own folder, which `stop` removes. */
  readonly folder: string;
  /** Of the test driver. */
  readonly uri: string;
  readonly qemuUri: string;
  /** Starts it again, in the same place, after it was killed. */
  restart(): Promise<void>;
  pid(): number;
  signal(signal: NodeJS.Signals): void;
  stop(): Promise<void>;
}
