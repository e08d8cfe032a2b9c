// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError, formatVgpuKey, parseParentName, parsePciAddress, type NodeDeviceListing } from '@vgpu/core';
import { describe, expect, it } from 'vitest';
import {
  hostFile,
  makeDomain,
  makeHost,
  storedMdev,
  vgpuPath,
  vgpuUuid,
  domainPath,
  domainUuid,
  pciPath,
} from './testing/hosts.js';
import { portsWith } from './testing/calls.js';
import { settle, startService } from './testing/service.js';

const file = { ...hostFile, mdevs: [storedMdev] };
const managerPath = '/me/phyllo/Vgpu1/manager';

async function start() {
  const host = makeHost([makeDomain()], file);
  let readings = 0;
  let changedReadings = 0;
  const nodeDevices = {
    ...host.nodeDevices,
    list: () => {
      readings += 1;
      return host.nodeDevices.list();
    },
    listChanged: () => {
      changedReadings += 1;
      return host.nodeDevices.listChanged();
    },
  };
  const ports = {
    nodeDevices,
    domains: host.domains,
    facts: host.facts,
    events: host.events,
    close: () => host.close(),
  };
  const rig = await startService(ports);
  readings = 0;
  changedReadings = 0;
  const manager = () => rig.service.objects().get(managerPath)?.['me.phyllo.Vgpu1.Manager'];
  return { ...rig, host, manager, readings: () => readings, changedReadings: () => changedReadings };
}

describe('what is published', () => {
  it('follows a change at once, and a burst with one more reading', async () => {
    const { host, readings, changedReadings, clock } = await start();
    const rename = (name: string) => host.behindItsBack(({ domains }) => domains.set(domainUuid, makeDomain({ name })));
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      rename(name);
      await Promise.resolve();
    }
    await settle();
    expect(changedReadings()).toBe(1);
    clock.advance(20);
    await settle();
    expect(changedReadings()).toBe(2);
    clock.advance(10_000);
    await settle();
    expect(changedReadings()).toBe(2);
    // Only a minute's reading, a client's and one after a lost connection look at everything.
    expect(readings()).toBe(0);
  });

  it('reads everything once more after a domain with a PCI device starts or stops: its driver has no event', async () => {
    const { host, readings, changedReadings, clock } = await start();
    const off = makeDomain();
    const pci = { kind: 'pci', address: parsePciAddress('0000:01:00.0'), managed: true } as const;
    const active = { hostdevs: [pci], videos: [], graphics: [], console: undefined };
    for (const [count, domain] of [{ ...off, state: 'running' as const, active }, off].entries()) {
      host.behindItsBack(({ domains }) => domains.set(domainUuid, domain));
      await settle();
      clock.advance(20);
      await settle();
      clock.advance(1000);
      await settle();
      expect([changedReadings(), readings()]).toEqual([count + 1, count + 1]);
    }
  });

  it('keeps a parent that is back at once, and says nothing of it', async () => {
    const { host, clock, signals, service } = await start();
    host.unplugParent('0000:00:02.0');
    await settle();
    expect(signals).toEqual([]);
    host.plugParent('0000:00:02.0');
    clock.advance(150);
    await settle();
    clock.advance(150);
    await settle();
    expect(signals).toEqual([]);
    expect(service.objects().get(vgpuPath)?.['me.phyllo.Vgpu1.Vgpu']?.State).toBe('inactive');
  });

  it('follows what else happens while a parent is away', async () => {
    const { host, clock, service } = await start();
    host.unplugParent('0000:00:02.0');
    await settle();
    host.behindItsBack(({ domains }) => domains.set(domainUuid, makeDomain({ name: 'renamed' })));
    clock.advance(20);
    await settle();
    expect(service.objects().get(domainPath)?.['me.phyllo.Vgpu1.Domain']?.Name).toBe('renamed');
    expect(service.objects().get(vgpuPath)?.['me.phyllo.Vgpu1.Vgpu']?.State).toBe('inactive');
    expect(service.objects().has(pciPath)).toBe(true);
  });

  it('is the truth for who asked for it: a parent that is away counts only when that is certain', async () => {
    const { host, clock, service } = await start();
    host.unplugParent('0000:00:02.0');
    await settle();
    let isDone = false;
    const refreshed = service
      .callMethod({
        path: managerPath,
        interface: 'me.phyllo.Vgpu1.Manager',
        method: 'Refresh',
        args: [{}],
        sender: ':1.1',
        interactive: false,
      })
      .then(() => (isDone = true));
    await settle();
    expect(isDone).toBe(false);
    clock.advance(150);
    await refreshed;
    expect(service.objects().get(vgpuPath)?.['me.phyllo.Vgpu1.Vgpu']?.State).toBe('parent-missing');
  });

  it('gives up a parent that stays away', async () => {
    const { host, clock, service } = await start();
    host.unplugParent('0000:00:02.0');
    await settle();
    clock.advance(150);
    await settle();
    expect(service.objects().get(vgpuPath)?.['me.phyllo.Vgpu1.Vgpu']?.State).toBe('parent-missing');
  });

  it('removes a vGPU at once', async () => {
    const { host, service } = await start();
    const key = formatVgpuKey({ uuid: vgpuUuid, parent: parseParentName('0000:00:02.0') });
    host.behindItsBack(({ mdevs }) => mdevs.delete(key));
    await settle();
    expect(service.objects().has(vgpuPath)).toBe(false);
  });

  it('stays while libvirt is away, and is right again after', async () => {
    const { host, manager, service, signals } = await start();
    host.setConnected(false);
    await settle();
    expect(manager()).toMatchObject({ Connected: false, Stale: true });
    expect(signals.map(({ body }) => body.values[1])).toEqual([
      { Connected: { signature: 'b', value: false }, Stale: { signature: 'b', value: true } },
    ]);
    expect(service.objects().has(vgpuPath)).toBe(true);
    const key = formatVgpuKey({ uuid: vgpuUuid, parent: parseParentName('0000:00:02.0') });
    host.behindItsBack(({ mdevs }) => mdevs.delete(key), { event: false });
    host.setConnected(true);
    await settle();
    expect(manager()).toMatchObject({ Connected: true, Stale: false });
    expect(service.objects().has(vgpuPath)).toBe(false);
  });

  it('stays stale after a reading that began before libvirt was away', async () => {
    const host = makeHost([makeDomain()], file);
    const gates: (() => void)[] = [];
    const list = async () => {
      const listing = await host.nodeDevices.list();
      await new Promise<void>((resolve) => gates.push(resolve));
      return listing;
    };
    const { domains, facts, events } = host;
    const listChanged = list;
    const ports = {
      nodeDevices: { ...host.nodeDevices, list, listChanged },
      domains,
      facts,
      events,
      close: () => host.close(),
    };
    const starting = startService(ports);
    await settle();
    host.setConnected(false);
    host.setConnected(true);
    await settle();
    gates.shift()?.();
    const { service, clock } = await starting;
    const stale = () => service.objects().get(managerPath)?.['me.phyllo.Vgpu1.Manager']?.Stale;
    await settle();
    expect(stale()).toBe(true);
    clock.advance(50);
    await settle();
    gates.shift()?.();
    await settle();
    expect(stale()).toBe(false);
  });

  it('is stale after a failed reading, which is tried again', async () => {
    const { host, manager, clock, log } = await start();
    host.failNext('domains', 'list', new DeviceError('Internal', 'no'));
    host.behindItsBack(() => undefined);
    await settle();
    expect(manager()).toMatchObject({ Connected: true, Stale: true });
    expect(log.lines).toHaveLength(1);
    clock.advance(1000);
    await settle();
    expect(manager()).toMatchObject({ Stale: false });
  });

  it('is tried again after ever longer pauses while it cannot be read, and after a second once it could', async () => {
    const host = makeHost([makeDomain()], file);
    let broken = false;
    let readings = 0;
    const read = (list: () => Promise<NodeDeviceListing>) => {
      readings += 1;
      return broken ? Promise.reject(new DeviceError('Internal', 'no')) : list();
    };
    const { clock } = await startService(
      portsWith(host, {
        list: () => read(() => host.nodeDevices.list()),
        listChanged: () => read(() => host.nodeDevices.listChanged()),
      }),
    );
    const pass = async (ms: number) => {
      readings = 0;
      clock.advance(ms);
      await settle();
      return readings > 0;
    };
    const fail = async () => {
      broken = true;
      host.behindItsBack(() => undefined);
      await pass(0);
    };
    await fail();
    for (const seconds of [1, 2, 4, 8]) {
      expect(await pass(seconds * 1000 - 1)).toBe(false);
      expect(await pass(1)).toBe(true);
    }
    broken = false;
    expect(await pass(16_000)).toBe(true);
    await fail();
    expect(await pass(999)).toBe(false);
    expect(await pass(1)).toBe(true);
  });

  it('is read for clients with a pause of four times as long as the reading took', async () => {
    const host = makeHost([makeDomain()], file);
    const readings: (() => void)[] = [];
    let slow = false;
    const list = async () => {
      if (slow) await new Promise<void>((resolve) => readings.push(resolve));
      return host.nodeDevices.list();
    };
    const { domains, facts, events } = host;
    const listChanged = list;
    const ports = {
      nodeDevices: { ...host.nodeDevices, list, listChanged },
      domains,
      facts,
      events,
      close: () => host.close(),
    };
    const { service, clock } = await startService(ports);
    slow = true;
    const refresh = () =>
      service.callMethod({
        path: managerPath,
        interface: 'me.phyllo.Vgpu1.Manager',
        method: 'Refresh',
        args: [{}],
        sender: ':1.1',
        interactive: false,
      });
    const first = refresh();
    await settle();
    clock.advance(1000);
    // The time for people plays no part.
    clock.wallOffsetMs = 3_600_000;
    readings.shift()?.();
    await first;
    const second = refresh();
    clock.advance(3999);
    await settle();
    expect(readings).toHaveLength(0);
    clock.advance(1);
    await settle();
    expect(readings).toHaveLength(1);
    readings.shift()?.();
    await second;
  });

  it('is read for clients with a pause, and once for all that wait', async () => {
    const { service, readings, clock } = await start();
    const refresh = () =>
      service.callMethod({
        path: managerPath,
        interface: 'me.phyllo.Vgpu1.Manager',
        method: 'Refresh',
        args: [{}],
        sender: ':1.1',
        interactive: false,
      });
    await refresh();
    const waiting = [refresh(), refresh(), refresh()];
    await settle();
    expect(readings()).toBe(1);
    clock.advance(200);
    await Promise.all(waiting);
    expect(readings()).toBe(2);
  });

  it('is read once a minute, for what has no event', async () => {
    const { host, clock, service } = await start();
    const key = formatVgpuKey({ uuid: vgpuUuid, parent: parseParentName('0000:00:02.0') });
    host.behindItsBack(({ mdevs }) => mdevs.delete(key), { event: false });
    await settle();
    expect(service.objects().has(vgpuPath)).toBe(true);
    clock.advance(60_000);
    await settle();
    expect(service.objects().has(vgpuPath)).toBe(false);
  });

  it('is asked for no more after the end', async () => {
    const { service, host, readings, changedReadings } = await start();
    await service.stop();
    host.behindItsBack(() => undefined);
    await settle();
    expect(readings() + changedReadings()).toBe(0);
  });
});
