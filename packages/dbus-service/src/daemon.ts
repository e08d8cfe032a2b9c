// SPDX-License-Identifier: LGPL-2.1-or-later
import type { HostPorts } from '@vgpu/core';
import { PolkitAuthorizer } from './auth/polkit-authorizer.js';
import { stopping } from './change-queue.js';
import { systemClock } from './clock.js';
import { Bus } from './host/bus.js';
import { toErrorAnswer } from './host/answer-error.js';
import { dispatch, refuse, type DispatchTarget } from './host/dispatch.js';
import { IdleWatch } from './idle.js';
import type { Answer, IncomingCall } from './host/messages.js';
import type { Log } from './log.js';
import { busName } from './protocol/names.js';
import { operationsPath } from './protocol/paths.js';
import { Service } from './service.js';
import { version } from './version.js';

export interface DaemonOptions {
  readonly busAddress: string;
  readonly log: Log;
  /** After how long without use it is idle, in milliseconds; absent: never. */
  readonly idleMs?: number | undefined;
  /** Opens the host; it is closed with the daemon. */
  openHost(): Promise<HostPorts>;
}

export interface Daemon {
  /** Settles with the reason when the bus is lost: a service without a bus can only end. */
  readonly lost: Promise<Error>;
  /** Settles when there was no client, no call and no operation for `idleMs`; never where that is not said. */
  idle(): Promise<void>;
  /** Accepts no more changes, finishes or undoes the one that runs, answers, and closes everything. */
  stop(): Promise<void>;
  /**
   * Gives the name back, after which only who is in is answered. No call is lost where the bus starts us when we are
   * called: one that comes later starts the next vgpud, and is refused when it goes to our unique name.
   * @returns false, with the name taken again, when somebody who called meanwhile still needs us
   */
  release(): Promise<boolean>;
}

/** Publishes a host on a bus. @throws when the bus cannot be reached or somebody else owns the name */
export async function startDaemon({ busAddress, log, idleMs, openHost }: DaemonOptions): Promise<Daemon> {
  const bus = await Bus.connect(busAddress, (text, error) => log.error(text, error));
  const ports = await openHost();
  const { users } = bus;
  const watchDeparture = (sender: string, onGone: () => void) => bus.watchDeparture(sender, onGone);
  const service = new Service({
    ports,
    authorizer: new PolkitAuthorizer(bus, users, log),
    userOf: (sender) => users.userOf(sender),
    isPresent: (sender) => users.isPresent(sender),
    clock: systemClock,
    log,
    version,
    watchDeparture,
    emit: (signal) => bus.emit(signal.path, signal.interface, signal.member, signal.body),
  });
  await service.start();
  const target: DispatchTarget = {
    objects: () => service.objects(),
    callMethod: (method) => service.callMethod(method),
    log,
  };
  // An operation that is over is shown for 10 minutes, which a vgpud that ends would cut short.
  const busy = () => [...service.objects().keys()].some((path) => path.startsWith(operationsPath));
  const idleWatch =
    idleMs === undefined ? undefined : new IdleWatch({ idleMs, clock: systemClock, watchDeparture, busy });
  let ending = false;
  const answer = (call: IncomingCall): Promise<Answer> => dispatch(call, target);
  bus.handleCalls({
    refuse(call) {
      if (ending) return toErrorAnswer(stopping(), log);
      idleWatch?.calledBy(call.sender);
      return refuse(call, target);
    },
    answer: (call) => (idleWatch === undefined ? answer(call) : idleWatch.during(() => answer(call))),
  });
  if (!(await bus.requestName(busName))) throw new Error(`${busName} is owned by somebody else`);
  log.info(`vgpud ${version} on ${bus.uniqueName}`);
  const stop = async () => {
    await service.stop();
    // Only who is in is answered: others could call for ever.
    ending = true;
    await bus.answered();
    await ports.close();
    await bus.close();
  };
  return {
    lost: bus.closed,
    idle: () => idleWatch?.idle() ?? new Promise<void>(() => undefined),
    stop,
    async release() {
      await bus.releaseName(busName);
      // A change must not go on where the next vgpud could begin another one.
      if (idleWatch?.needed === true && (await bus.requestName(busName))) return false;
      ending = true;
      return true;
    },
  };
}
