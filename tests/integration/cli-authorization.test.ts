// SPDX-License-Identifier: LGPL-2.1-or-later
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCliHost, type CliHost } from './cli-host.js';
import { parent, typeId, uuid } from './seed-page.js';

const start = ['start', '-u', uuid, '-p', parent, '-t', typeId];
const password = 'only-in-this-host';

describe('a user whom polkit grants nothing', { timeout: 120_000 }, () => {
  let host: CliHost;
  beforeAll(async () => {
    host = await startCliHost();
    // root's password, known inside this host only.
    const script = `
      hash=$(perl -e 'print crypt("${password}", q($6$saltsalt$))') &&
      sed "s|^root:[^:]*:|root:$hash:|" /etc/shadow > /run/shadow && chmod 600 /run/shadow &&
      mount --bind /run/shadow /etc/shadow`;
    await host.output('sh', '-c', script);
  });
  afterAll(() => host?.[Symbol.asyncDispose]());

  it('may list everything', async () => {
    for (const args of [['types'], ['groups'], ['list'], ['domains'], ['status']]) {
      const [theirs, ours] = await Promise.all([host.vgpuctl(args, { user: 'nobody' }), host.succeed(...args)]);
      expect(theirs).toMatchObject({ status: 0, stdout: ours });
    }
  });

  it('is refused a change with 4 and a hint where nobody can be asked', async () => {
    const before = await host.state();
    const refused = await host.vgpuctl(start, { user: 'nobody' });
    expect({ status: refused.status, stdout: refused.stdout }).toStrictEqual({ status: 4, stdout: '' });
    expect(refused.stderr).toMatch(/^vgpuctl: [^\p{C}]+\nvgpuctl: try again as root, for example with sudo\n$/u);
    expect(await host.state()).toBe(before);
  });

  it('is asked at a terminal, and refused after a wrong password', async () => {
    const before = await host.state();
    const { seen, status, restored } = await host.atTerminal(start, [['Password: ', 'wrong\n']], 'nobody');
    expect({ status, restored }).toStrictEqual({ status: 4, restored: true });
    expect(seen).toContain('AUTHENTICATING FOR me.phyllo.vgpu1.manage-vgpus');
    expect(await host.state()).toBe(before);
  });

  it('is asked at a terminal, and the change is made after the right one', async () => {
    const { seen, status, restored } = await host.atTerminal(start, [['Password: ', `${password}\n`]], 'nobody');
    expect({ seen, status, restored }).toMatchObject({ status: 0, restored: true });
    expect(await host.succeed('list')).toContain(`${uuid} ${parent} ${typeId} manual\n`);
    const left = await host.machine.exec('pgrep', ['pkttyagent']);
    expect(left.stdout).toBe('');
  });
});
