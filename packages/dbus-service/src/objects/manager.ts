// SPDX-License-Identifier: LGPL-2.1-or-later
import type { PropertiesOf } from '../protocol/members.js';
import { publicLibvirtUri } from './libvirt-uri.js';
import { shownText } from './text.js';

/** What the service knows about itself and its connection. */
export interface ManagerState {
  readonly version: string;
  /** As it was configured; only a part of it is published. */
  readonly libvirtUri: string;
  /** undefined while it was never reached. */
  readonly libvirtVersion: string | undefined;
  readonly mdevctlVersion: string | undefined;
  readonly connected: boolean;
  /** Whether the inventory may differ from the host. */
  readonly stale: boolean;
  /** Microseconds since the epoch; 0 before the first reading. */
  readonly lastRefreshUsec: bigint;
}

export function managerProperties(state: ManagerState): PropertiesOf<'me.phyllo.Vgpu1.Manager'> {
  return {
    Version: state.version,
    LibvirtUri: shownText(publicLibvirtUri(state.libvirtUri)),
    LibvirtVersion: shownText(state.libvirtVersion),
    MdevctlVersion: shownText(state.mdevctlVersion),
    Connected: state.connected,
    Stale: state.stale,
    LastRefresh: state.lastRefreshUsec,
    Features: ['mdev', 'preview', 'operations'],
  };
}
