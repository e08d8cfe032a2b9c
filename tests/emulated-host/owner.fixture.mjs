// SPDX-License-Identifier: LGPL-2.1-or-later
// A process that owns an emulated host and waits to be killed.
import { startEmulatedHost } from '../dist/emulated-host/index.js';

const host = await startEmulatedHost('seed-page');
process.send(host.pid);
setInterval(() => undefined, 60_000);
