// SPDX-License-Identifier: LGPL-2.1-or-later
import type { HostPorts } from '@vgpu/core';
import { BusUsers } from './auth/bus-users.js';
import { PolkitAuthorizer } from './auth/polkit-authorizer.js';
import { systemClock } from './clock.js';
import { Bus } from './host/bus.js';
import { dispatch, refuse, type DispatchTarget } from './host/dispatch.js';
import type { Log } from './log.js';
import { busName } from './protocol/names.js';
import { Service } from './service.js';
import { version } from './version.js';

export interface DaemonOptions {
  readonly busAddress: string;
  readonly log: Log;
  /** Opens the host; it is closed with the daemon. */
  openHost(): Promise<HostPorts>;
}

export interface Daemon {
  /** Settles with the reason when the bus is lost: a service without a bus can only end. */
  readonly lost: Promise<Error>;
  /** Accepts no more changes, finishes or undoes the one that runs, answers, and closes everything. */
  stop(): Promise<void>;
}

/** Publishes a host on a bus. @throws when the bus cannot be reached or somebody else owns the name */
export async function startDaemon({ busAddress, log, openHost }: DaemonOptions): Promise<Daemon> {
  const bus = await Bus.connect(busAddress, (text, error) => log.error(text, error));
  const ports = await openHost();
  const users = new BusUsers(bus);
  const service = new Service({
    ports,
    authorizer: new PolkitAuthorizer(bus, users, log),
    userOf: (sender) => users.userOf(sender),
    clock: systemClock,
    log,
    version,
    watchDeparture: (sender, onGone) => bus.watchDeparture(sender, onGone),
    emit: (signal) => bus.emit(signal.path, signal.interface, signal.member, signal.body),
  });
  await service.start();
  const target: DispatchTarget = {
    objects: () => service.objects(),
    callMethod: (method) => service.callMethod(method),
    log,
  };
  bus.handleCalls({ refuse: (call) => refuse(call, target), answer: (call) => dispatch(call, target) });
  if (!(await bus.requestName(busName))) throw new Error(`${busName} is owned by somebody else`);
  log.info(`vgpud ${version} on ${bus.uniqueName}`);
  return {
    lost: bus.closed,
    async stop() {
      await service.stop();
      await bus.answered();
      await ports.close();
      bus.close();
    },
  };
}
