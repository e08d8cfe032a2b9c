// SPDX-License-Identifier: LGPL-2.1-or-later
import { vi } from 'vitest';
import { DeviceError, type ErrorCode, type HostPorts, type HypervisorStatus } from '@vgpu/core';
import { openLibvirtHost, type OpenLibvirtHostOptions } from '@vgpu/libvirt-adapter';
import { SysfsHostFacts } from '@vgpu/sysfs-adapter';
import { startEmulatedHost, type EmulatedHost } from '../emulated-host/index.js';

/** An emulated host with the adapter's ports open on it. */
export interface AdapterHost extends AsyncDisposable {
  readonly host: EmulatedHost;
  readonly ports: HostPorts;
  /** Runs a command inside and returns what it printed; throws when it fails. */
  run(command: string, ...args: string[]): Promise<string>;
}

/** How patient the ports are. */
export type AdapterOptions = Pick<OpenLibvirtHostOptions, 'settleTimeoutMs' | 'domainTimeLimits'>;

/** Nobody else uses libvirt in it: bus and polkit are not started. */
export async function startAdapterHost(hostName: string, options: AdapterOptions = {}): Promise<AdapterHost> {
  const host = await startEmulatedHost(hostName, { services: ['libvirtd'] });
  const ports = await openPorts(host, options);
  return {
    host,
    ports,
    run: async (command, ...args) => {
      const { status, stdout, stderr } = await host.exec(command, args);
      if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed with ${status}: ${stderr}`);
      return stdout;
    },
    [Symbol.asyncDispose]: async () => {
      await ports.close();
      await host.stop();
    },
  };
}

export async function openPorts(host: EmulatedHost, options: AdapterOptions = {}): Promise<HostPorts> {
  return await openLibvirtHost({ uri: host.libvirtUri, facts: new SysfsHostFacts({ root: host.root }), ...options });
}

/** Waits for the next change after `act` has begun; fails by name when none comes. */
export async function nextChange(ports: HostPorts, act: () => Promise<unknown>): Promise<void> {
  let changes = 0;
  const unsubscribe = ports.events.onChange(() => {
    changes += 1;
  });
  try {
    await act();
    await vi.waitUntil(() => changes > 0, { timeout: 10_000, interval: 5 });
  } finally {
    unsubscribe();
  }
}

/** The code a call is refused with, for one that is looked at later; undefined when it is not refused. */
export async function codeOfFailure(call: Promise<unknown>): Promise<ErrorCode | undefined> {
  try {
    await call;
  } catch (error) {
    if (error instanceof DeviceError) return error.code;
    throw error;
  }
  return undefined;
}

/** Waits until the ports are connected, or are not. */
export async function untilConnected(ports: HostPorts, connected: boolean): Promise<HypervisorStatus> {
  return await vi.waitUntil(() => (ports.events.status().connected === connected ? ports.events.status() : undefined), {
    timeout: 10_000,
    interval: 5,
  });
}
