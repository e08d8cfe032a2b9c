// SPDX-License-Identifier: LGPL-2.1-or-later
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { install } from './installed.js';
import { Lab, linesOf } from './lab.js';
import { libvirtdUnits } from './libvirt-units.js';
import { clear, defineDomain, gpu, seedUuid } from './machines.js';
import { domainPath, show, untilConnected, untilVgpus } from './vgpud.js';

const typeId = 'i915-GVTg_V5_4';
const user = 'server';

/** virtqemud and virtnodedevd in place of libvirtd; see README.md. */
describe('vgpud, installed, with virtqemud and virtnodedevd', { timeout: 600_000 }, () => {
  const lab = new Lab();
  let domain = '';

  beforeAll(async () => {
    await clear(lab);
    await defineDomain(lab, user);
    domain = await domainPath(lab, user);
    await lab.run('systemctl start virtqemud virtnodedevd');
    await install(lab);
  });
  afterAll(async () => {
    await lab.try('/usr/lib/vgpud/uninstall.sh');
    await lab.run(`systemctl start ${libvirtdUnits.join(' ')}`);
    await clear(lab);
  });

  it('reads both, makes a vGPU, gives it to a machine and starts that', async () => {
    await untilConnected(lab, true);
    expect(await lab.run(`vgpuctl types -p ${gpu}`)).toBe(await lab.run(`mdevctl types -p ${gpu}`));
    await lab.run(`vgpuctl start --uuid ${seedUuid} -p ${gpu} --type ${typeId}`);
    await lab.run(`vgpuctl define --uuid ${seedUuid}`);
    expect(linesOf(await lab.run('vgpuctl list'))).toEqual([`${seedUuid} ${gpu} ${typeId} manual (defined)`]);
    await lab.run(`vgpuctl assign ${seedUuid} ${user}`);
    await lab.run(`vgpuctl domain start ${user}`);
    await untilVgpus(lab, { [seedUuid]: `active persistent ${user}` });
    expect(await lab.unitProperty('libvirtd', 'ActiveState')).toBe('inactive');
  });

  it('goes on with the one while the other is away, and is whole when both are there again', async () => {
    const before = await lab.unitProperty('vgpud', 'MainPID');
    for (const daemon of ['virtnodedevd', 'virtqemud']) {
      /* eslint-disable no-await-in-loop -- one after the other is what is tested */
      await lab.run(`systemctl stop ${daemon}`);
      await untilConnected(lab, false);
      await untilVgpus(lab, { [seedUuid]: `active persistent ${user}` });
      await lab.run(`systemctl start ${daemon}`);
      await untilConnected(lab, true);
      /* eslint-enable no-await-in-loop */
    }
    expect(await show(lab, domain, 'Domain', ['State'])).toEqual({ State: 'running' });
    await lab.run(`vgpuctl domain force-off ${user}`);
    await lab.run(`vgpuctl unassign ${seedUuid} ${user}`);
    await lab.run(`vgpuctl stop --uuid ${seedUuid}`);
    await untilVgpus(lab, { [seedUuid]: 'inactive persistent' });
    expect(await lab.unitProperty('vgpud', 'MainPID')).toBe(before);
  });
});
