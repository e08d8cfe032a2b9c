// SPDX-License-Identifier: LGPL-2.1-or-later
import type { HostPorts } from '@vgpu/core';

/** The same ports, and the names of all methods that were called on them. */
export function watchPorts(host: HostPorts): { readonly ports: HostPorts; readonly called: string[] } {
  const called: string[] = [];
  const watch = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(object, name) {
        const value: unknown = Reflect.get(object, name, object);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          called.push(String(name));
          return Reflect.apply(value, object, args) as unknown;
        };
      },
    });
  const { facts, events } = host;
  const ports = {
    nodeDevices: watch(host.nodeDevices),
    domains: watch(host.domains),
    facts,
    events,
    close: () => host.close(),
  };
  return { ports, called };
}
