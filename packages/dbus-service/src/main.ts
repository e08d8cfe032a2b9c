#!/usr/bin/env node
// SPDX-License-Identifier: LGPL-2.1-or-later
// The composition root of vgpud: configuration in, adapters wired, exit status out.
import { openLibvirtHost } from '@vgpu/libvirt-adapter';
import { SysfsHostFacts } from '@vgpu/sysfs-adapter';
import { systemClock } from './clock.js';
import { readConfiguration } from './configuration.js';
import { startDaemon } from './daemon.js';
import { stopTimeoutMs } from './limits.js';
import { LimitedLog, stderrLog } from './log.js';

try {
  const { busAddress, libvirtUri, nodeDeviceUri, root, idleMs } = readConfiguration(process.argv.slice(2), process.env);
  const daemon = await startDaemon({
    busAddress,
    log: new LimitedLog(stderrLog, systemClock),
    idleMs,
    openHost: () => openLibvirtHost({ uri: libvirtUri, nodeDeviceUri, facts: new SysfsHostFacts({ root }) }),
  });
  let stopping = false;
  const stop = (exitStatus: number) => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => fail('vgpud could not stop', `it has not finished after ${stopTimeoutMs} ms`), stopTimeoutMs);
    daemon.stop().then(
      () => process.exit(exitStatus),
      (error: unknown) => fail('vgpud could not stop', error),
    );
  };
  const stopWhenIdle = async () => {
    do await daemon.idle();
    while (!(await daemon.release()));
    stop(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => stop(0));
  stopWhenIdle().catch((error: unknown) => {
    stderrLog.error('the name could not be given back', error);
    stop(1);
  });
  const reason = await daemon.lost;
  if (!stopping) stderrLog.error('the bus is lost', reason);
  // A change that runs is finished first; without a bus nobody learns of it.
  stop(1);
} catch (error) {
  fail('vgpud could not start', error);
}

/** systemd starts it again. */
function fail(text: string, error: unknown): never {
  stderrLog.error(text, error);
  process.exit(1);
}
