// SPDX-License-Identifier: LGPL-2.1-or-later
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { journey } from '../integration/journey.js';
import { install } from './installed.js';
import { Lab, linesOf, patienceMs } from './lab.js';
import { clear, defineDomain, gpu, seedUuid, vfioFilesOf } from './machines.js';
import { readPng } from './png.js';

const typeId = 'i915-GVTg_V5_4';
/** The colours of the module's eight bars, from the left. */
const bars = ['c0c0c0', 'c0c000', '00c0c0', '00c000', 'c000c0', 'c00000', '0000c0', '202020'];

describe("the page's steps on a real kernel", () => {
  const lab = new Lab();
  const listed = () => lab.run('vgpuctl list --defined');
  const defined = async () => linesOf(await listed());

  beforeAll(async () => {
    await clear(lab);
    await install(lab);
    await defineDomain(lab, 'phyllome', "<video><model type='virtio'/></video>");
    await defineDomain(lab, 'server', "<video><model type='vga'/></video>");
  });

  afterAll(async () => {
    await clear(lab);
    await lab.try('/usr/lib/vgpud/uninstall.sh');
  });

  it('a vGPU is made, kept over a restart of the host, used, shown, and deleted', async () => {
    await journey({
      'types and counts are those of mdevctl': async () => {
        const types = await lab.run('vgpuctl types');
        expect(types).toBe(await lab.run('mdevctl types'));
        expect(types).toContain(`${typeId}\n    Available instances: 5\n`);
      },
      'start, define and autostart': async () => {
        await lab.run(`vgpuctl start --uuid ${seedUuid} -p ${gpu} --type ${typeId}`);
        await lab.run(`vgpuctl define --uuid ${seedUuid}`);
        await lab.run(`vgpuctl modify --uuid ${seedUuid} --auto`);
        expect(await defined()).toEqual([`${seedUuid} ${gpu} ${typeId} auto (active)`]);
        expect(await lab.run('mdevctl list --defined')).toBe(await listed());
      },
      'a restart of the host brings it back': async () => {
        await lab.reboot();
        await lab.until(`test -e /sys/bus/mdev/devices/${seedUuid}`);
        await lab.until(`vgpuctl list --defined | grep -qx '${seedUuid} ${gpu} ${typeId} auto (active)'`);
      },
      'it is given to a machine, whose QEMU holds its group': async () => {
        await lab.run(`vgpuctl assign ${seedUuid} phyllome`);
        await lab.run('vgpuctl domain start phyllome');
        const group = await lab.run(`basename $(readlink /sys/bus/mdev/devices/${seedUuid}/iommu_group)`);
        expect(await vfioFilesOf(lab, 'phyllome')).toEqual([`/dev/vfio/${group.trim()}`, '/dev/vfio/vfio']);
      },
      'it is not stopped while it is used, and the machine is named': async () => {
        const { status, stderr } = await lab.try(`vgpuctl stop --uuid ${seedUuid}`);
        expect(status).toBe(13);
        expect(stderr).toContain('phyllome');
        expect(await defined()).toEqual([expect.stringContaining('(active)')]);
      },
      'it is taken back when the machine is off': async () => {
        await lab.run('vgpuctl domain force-off phyllome');
        await lab.run(`vgpuctl unassign ${seedUuid} phyllome`);
        expect(await lab.run('virsh dumpxml phyllome')).toContain("<model type='virtio'");
      },
      'it is deleted': async () => {
        await lab.run(`vgpuctl stop --uuid ${seedUuid}`);
        await lab.run(`vgpuctl undefine --uuid ${seedUuid}`);
        expect(await defined()).toEqual([]);
        expect(await lab.run('ls /sys/bus/mdev/devices')).toBe('');
      },
    });
  });

  it('a screenshot of a machine with display on is the picture that the vGPU makes', async () => {
    await clear(lab);
    await lab.run(`vgpuctl start --uuid ${seedUuid} -p ${gpu} --type i915-GVTg_V5_8`);
    await defineDomain(
      lab,
      'shown',
      `<video><model type='none'/></video>
       <hostdev mode='subsystem' type='mdev' model='vfio-pci' display='on'>
         <source><address uuid='${seedUuid}'/></source>
       </hostdev>`,
    );
    await lab.run('virsh --quiet start shown');
    const picture = await vi.waitFor(
      async () => {
        const text = await lab.run('virsh --quiet screenshot shown --file /run/shown >/dev/null && base64 /run/shown');
        const shot = readPng(Buffer.from(text, 'base64'));
        // Before the display is up QEMU shows a text of its own.
        if (shot.width !== 1024) throw new Error(`the picture is ${shot.width} pixels wide`);
        return shot;
      },
      { timeout: patienceMs, interval: 1000 },
    );
    expect([picture.width, picture.height]).toEqual([1024, 768]);
    expect(picture.colorAt(0, 0)).toBe('ffffff');
    expect(bars.map((_, bar) => picture.colorAt(bar * 128 + 64, 384))).toEqual(bars);
    await lab.run('virsh --quiet destroy shown');
    await lab.run(`vgpuctl stop --uuid ${seedUuid}`);
  });
});
