// SPDX-License-Identifier: LGPL-2.1-or-later
import { createConnection } from 'node:net';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { EmulatedHostError } from './namespace.js';

/** What can be asked of the emulated kernel. Every change is done when the answer comes. */
export type ControlCommand =
  /** Takes a parent away with its mdevs, or brings it back. */
  | { readonly command: 'unplug' | 'plug'; readonly parent: string }
  /** The next writes to `create` or `remove` fail with this errno. */
  | { readonly command: 'fail'; readonly errno_name: string; readonly count?: number }
  /** A busy mdev refuses `remove` with EBUSY. */
  | { readonly command: 'busy' | 'free'; readonly uuid: string }
  /** Shows a wrong number of available instances; without a count the right one again. */
  | { readonly command: 'lie'; readonly parent: string; readonly type: string; readonly count?: number }
  /** Writers get their answer only at release, after the change and its event. */
  | { readonly command: 'hold' | 'release' }
  | { readonly command: 'dropUevents'; readonly count: number }
  /** 0 ends it; events that wait already keep their time. */
  | { readonly command: 'delayUevents'; readonly ms: number };

/** The emulated kernel's own view. */
export interface KernelState {
  readonly mdevs: readonly {
    readonly uuid: string;
    readonly parent: string;
    readonly type: string;
    readonly iommuGroup: number;
  }[];
  /** Parent → type → instances that can still be made. */
  readonly available: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly unplugged: readonly string[];
  readonly heldWriters: number;
  readonly delayedUevents: number;
}

/** Sends one command and returns its result. */
export async function control(socketPath: string, request: ControlCommand | { command: 'state' }): Promise<unknown> {
  const socket = createConnection(socketPath);
  try {
    await once(socket, 'connect');
    socket.write(`${JSON.stringify(request)}\n`);
    const [line] = (await once(createInterface({ input: socket }), 'line')) as [string];
    const answer = JSON.parse(line) as { ok: boolean; result?: unknown; error?: string };
    if (!answer.ok) throw new EmulatedHostError(`${request.command}: ${answer.error}`);
    return answer.result;
  } finally {
    socket.destroy();
  }
}
