// SPDX-License-Identifier: LGPL-2.1-or-later
import type { HostPorts } from '@vgpu/core';
import { BusUsers } from './auth/bus-users.js';
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
  /** Settles when there was no client, no call and no operation for `idleMs`. */
  readonly idle: Promise<void>;
  /** Accepts no more changes, finishes or undoes the one that runs, answers, and closes everything. */
  stop(): Promise<void>;
  /**
   * Gives the name back, answers whoever has called until then, and closes everything. No call is lost where the bus
   * starts us when we are called: one that comes later starts the next vgpud, and is refused when it goes to our unique
   * name.
   */
  retire(): Promise<void>;
}

/** Publishes a host on a bus. @throws when the bus cannot be reached or somebody else owns the name */
export async function startDaemon({ busAddress, log, idleMs, openHost }: DaemonOptions): Promise<Daemon> {
  const bus = await Bus.connect(busAddress, (text, error) => log.error(text, error));
  const ports = await openHost();
  const users = new BusUsers(bus);
  const watchDeparture = (sender: string, onGone: () => void) => bus.watchDeparture(sender, onGone);
  const service = new Service({
    ports,
    authorizer: new PolkitAuthorizer(bus, users, log),
    userOf: (sender) => users.userOf(sender),
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
  /** Only who is in is answered: others could call for ever. */
  const answerThose = () => {
    ending = true;
    return bus.answered();
  };
  const stop = async () => {
    await service.stop();
    await answerThose();
    await ports.close();
    await bus.close();
  };
  return {
    lost: bus.closed,
    idle: idleWatch?.idle ?? new Promise<void>(() => undefined),
    stop,
    async retire() {
      await bus.releaseName(busName);
      await answerThose();
      await stop();
    },
  };
}
