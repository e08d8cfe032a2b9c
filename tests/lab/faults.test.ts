// SPDX-License-Identifier: LGPL-2.1-or-later
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { install } from './installed.js';
import { Lab } from './lab.js';
import { clear, otherUuid, secondGpu, seedUuid } from './machines.js';

const typeId = 'i915-GVTg_V5_4';

describe('when something breaks', () => {
  const lab = new Lab();

  beforeAll(async () => {
    await install(lab);
  });
  beforeEach(async () => {
    await clear(lab);
    await lab.until('test -z "$(vgpuctl list; vgpuctl list --defined)"');
  });
  afterAll(async () => {
    await clear(lab);
    await lab.try('/usr/lib/vgpud/uninstall.sh');
  });

  const start = (uuid: string) => lab.run(`vgpuctl start --uuid ${uuid} -p ${secondGpu} --type ${typeId}`);

  it('a GPU that is pulled takes its active vGPUs with it; the definition stays, and works when it is back', async () => {
    await start(seedUuid);
    await lab.run(`vgpuctl define --uuid ${seedUuid}`);
    await start(otherUuid);
    await lab.hardware('device_del', { id: 'second-gpu' });
    await lab.until(`! test -e /sys/bus/pci/devices/${secondGpu}`);
    await lab.until(`vgpuctl list --defined | grep -x '${seedUuid} ${secondGpu} ${typeId} manual'`);
    expect(await lab.run('vgpuctl list')).toBe('');
    expect(await lab.run('vgpuctl types')).not.toContain(secondGpu);

    await lab.hardware('device_add', { driver: 'edu', id: 'second-gpu', bus: 'gpu-port' });
    await lab.until(`vgpuctl types -p ${secondGpu} | grep -A1 ${typeId} | grep 'instances: 5'`);
    await lab.run(`vgpuctl start --uuid ${seedUuid}`);
    expect(await lab.run('vgpuctl list')).toBe(`${seedUuid} ${secondGpu} ${typeId} manual (defined)\n`);
  });

  it('vgpud shows and changes vGPUs again after libvirtd was killed', async () => {
    await start(seedUuid);
    await lab.run('systemctl kill --signal=KILL libvirtd.service');
    await lab.until(`vgpuctl list | grep ${seedUuid}`);
    await lab.until(`vgpuctl stop --uuid ${seedUuid}`);
    expect(await lab.run('ls /sys/bus/mdev/devices')).toBe('');
  });

  it('a killed vgpud comes back by itself and knows what there is', async () => {
    await start(seedUuid);
    const pid = await lab.run('systemctl show -P MainPID vgpud');
    await lab.run('systemctl kill --signal=KILL vgpud.service');
    await lab.until(
      `test $(systemctl show -P MainPID vgpud) -gt 0 -a $(systemctl show -P MainPID vgpud) != ${pid.trim()}`,
    );
    expect(await lab.run('vgpuctl list')).toBe(`${seedUuid} ${secondGpu} ${typeId} manual\n`);
  });

  it('without mdevctl a start is refused and changes nothing, with it the same start works', async () => {
    await lab.run('mv /usr/bin/mdevctl /usr/bin/mdevctl.away');
    try {
      const { status } = await lab.try(`vgpuctl start --uuid ${seedUuid} -p ${secondGpu} --type ${typeId}`);
      expect(status).not.toBe(0);
      expect(await lab.run('ls /sys/bus/mdev/devices')).toBe('');
    } finally {
      await lab.run('mv /usr/bin/mdevctl.away /usr/bin/mdevctl');
    }
    await start(seedUuid);
    expect(await lab.run('ls /sys/bus/mdev/devices')).toBe(`${seedUuid}\n`);
  });

  it('a GPU that is full says who holds it, before the kernel is asked', async () => {
    const uuids = Array.from({ length: 5 }, (_, index) => seedUuid.replace(/.$/, String(index)));
    for (const uuid of uuids) await start(uuid); // eslint-disable-line no-await-in-loop
    const full = await lab.try(`vgpuctl start --uuid ${otherUuid} -p ${secondGpu} --type ${typeId}`);
    expect(full.status).toBe(12);
    const type = `/sys/bus/pci/devices/${secondGpu}/mdev_supported_types/${typeId}`;
    const kernel = await lab.try(`echo ${otherUuid} >${type}/create`);
    expect(kernel.stderr).toContain('No space left on device');
    expect(await lab.run('ls /sys/bus/mdev/devices | wc -l')).toBe('5\n');
  });
});
