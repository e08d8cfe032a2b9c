#!/usr/bin/env node
// SPDX-License-Identifier: LGPL-2.1-or-later
// The composition root of vgpud: configuration in, adapters wired, exit status out.
import { openLibvirtHost } from '@vgpu/libvirt-adapter';
import { SysfsHostFacts } from '@vgpu/sysfs-adapter';
import { readConfiguration } from './configuration.js';
import { startDaemon } from './daemon.js';
import { stopTimeoutMs } from './limits.js';
import { stderrLog } from './log.js';

try {
  const { busAddress, libvirtUri, nodeDeviceUri, root, idleMs } = readConfiguration(process.argv.slice(2), process.env);
  const daemon = await startDaemon({
    busAddress,
    log: stderrLog,
    idleMs,
    openHost: () => openLibvirtHost({ uri: libvirtUri, nodeDeviceUri, facts: new SysfsHostFacts({ root }) }),
  });
  let stopping = false;
  const end = (exitStatus: number, finish: () => Promise<void>) => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => fail('vgpud could not stop', `a change still runs after ${stopTimeoutMs} ms`), stopTimeoutMs);
    finish().then(
      () => process.exit(exitStatus),
      (error: unknown) => fail('vgpud could not stop', error),
    );
  };
  const stop = (exitStatus: number) => end(exitStatus, daemon.stop);
  process.on('SIGTERM', () => stop(0));
  process.on('SIGINT', () => stop(0));
  void daemon.idle.then(() => end(0, daemon.retire));
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
