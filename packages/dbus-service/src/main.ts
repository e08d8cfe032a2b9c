#!/usr/bin/env node
// SPDX-License-Identifier: LGPL-2.1-or-later
// The composition root of vgpud: configuration in, adapters wired, exit status out.
import { openLibvirtHost } from '@vgpu/libvirt-adapter';
import { SysfsHostFacts } from '@vgpu/sysfs-adapter';
import { readConfiguration } from './configuration.js';
import { startDaemon } from './daemon.js';
import { stderrLog } from './log.js';

const stopTimeoutMs = 10_000;

try {
  const { busAddress, libvirtUri, root } = readConfiguration(process.env);
  const daemon = await startDaemon({
    busAddress,
    log: stderrLog,
    openHost: () => openLibvirtHost({ uri: libvirtUri, facts: new SysfsHostFacts({ root }) }),
  });
  let stopping = false;
  const stop = () => {
    stopping = true;
    setTimeout(() => process.exit(1), stopTimeoutMs).unref();
    daemon.stop().then(
      () => process.exit(0),
      (error: unknown) => fail('vgpud could not stop', error),
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  const reason = await daemon.lost;
  // It ends by itself after `stop` closed the bus.
  if (!stopping) fail('the bus is lost', reason);
} catch (error) {
  fail('vgpud could not start', error);
}

/** systemd starts it again. */
function fail(text: string, error: unknown): never {
  stderrLog.error(text, error);
  process.exit(1);
}
