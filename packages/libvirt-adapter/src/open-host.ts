// SPDX-License-Identifier: LGPL-2.1-or-later
import type { HostFactsPort, HostPorts } from '@vgpu/core';
import { Connections } from './connections.js';
import { LibvirtDomains } from './domains.js';
import { LibvirtNodeDevices } from './node-devices.js';
import { defaultDomainTimeLimits, type DomainTimeLimits } from './time-limits.js';

export interface OpenLibvirtHostOptions {
  /** The hypervisor's URI, for example `qemu:///system`. It can start programs: only from the configuration. */
  readonly uri: string;
  /** Where node devices are. Absent: `nodedev:///system` for this machine's system daemons, else the same URI. */
  readonly nodeDeviceUri?: string | undefined;
  readonly facts: HostFactsPort;
  /** How long a change may take until it can be read back, then it is TimedOut; absent: 20 s. */
  readonly settleTimeoutMs?: number;
  /** In place of the usual ones. */
  readonly domainTimeLimits?: Partial<DomainTimeLimits>;
}

const firstAttemptTimeoutMs = 5_000;

/**
 * One host's ports over libvirt. It also succeeds while libvirt cannot be reached: then every call rejects with
 * Unavailable, and the connections open as soon as they can; `events` tells when.
 */
export async function openLibvirtHost(options: OpenLibvirtHostOptions): Promise<HostPorts> {
  const { uri, nodeDeviceUri, facts, settleTimeoutMs = 20_000, domainTimeLimits } = options;
  const connections = new Connections({ uri, nodeDeviceUri });
  const domains = new LibvirtDomains(connections, {
    settleTimeoutMs,
    limits: { ...defaultDomainTimeLimits, ...domainTimeLimits },
  });
  const nodeDevices = new LibvirtNodeDevices(connections, { settleTimeoutMs, listDomains: () => domains.list() });
  await connections.attempted(firstAttemptTimeoutMs);
  return { nodeDevices, domains, facts, events: connections, close: () => connections.close() };
}
