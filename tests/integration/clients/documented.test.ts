// SPDX-License-Identifier: LGPL-2.1-or-later
import { writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { buses, ClientHost } from './client-host.js';
import { documentedProgram } from './documented.js';
import { gpuPath } from '../seed-page.js';

/** Calls with a message that names no interface, and then one that the service does not have; prints both errors. */
const callsPastTheBus = `
import Gio from 'gi://Gio';
const bus = Gio.bus_get_sync(Gio.BusType.SYSTEM, null);
for (const interfaceName of [null, 'me.phyllo.Vgpu1.SriovParent']) {
  const message = Gio.DBusMessage.new_method_call('me.phyllo.Vgpu1', '${gpuPath}', interfaceName, 'CreateVgpu');
  const [reply] = bus.send_message_with_reply_sync(message, 0, 10000, null);
  print(reply.get_error_name());
}`;

describe.each(buses)('what is documented, on %s,', { timeout: 60_000 }, (bus) => {
  let host: ClientHost;
  beforeAll(async () => {
    host = await ClientHost.start(bus);
  });
  afterAll(() => host?.[Symbol.asyncDispose]());
  afterEach(() => host.clean());

  const runGjs = (code: string) => {
    const file = host.program('documented.js');
    writeFileSync(`${host.machine.root}${file}`, code);
    return host.run('gjs', '-m', file);
  };

  it('is a client of GNOME’s', async () => {
    const { code, output } = documentedProgram("A client of GNOME's", 'js');
    expect(await runGjs(code)).toBe(output);
  });

  it('is the page with busctl, which leaves nothing', async () => {
    const { code, output } = documentedProgram('The page with busctl', 'sh');
    expect(await host.run('sh', '-euc', code)).toBe(output);
    expect(await host.findVgpus()).toBe('ao 0\n');
  });

  it('is AccessDenied for what the bus does not let through', async () => {
    const denied = 'org.freedesktop.DBus.Error.AccessDenied\n';
    expect(await runGjs(callsPastTheBus)).toBe(denied + denied);
  });
});
