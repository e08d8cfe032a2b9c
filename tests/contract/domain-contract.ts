// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import type { DomainEdit, MdevHostdev } from '@vgpu/core';
import {
  definitionOf,
  refusal,
  findPlainDomain,
  firstUuid,
  idOf,
  reread,
  secondUuid,
  unknownUuid,
  type ContractHost,
} from './contract-host.js';

const hostdev: MdevHostdev = { kind: 'mdev', uuid: firstUuid, model: 'vfio-pci', display: false, ramfb: false };
const addHostdev: DomainEdit = { kind: 'add-mdev-hostdev', hostdev };
const removeHostdev: DomainEdit = { kind: 'remove-mdev-hostdev', uuid: firstUuid };

export function domainContract(current: () => ContractHost): void {
  describe('domains', () => {
    it('lists a stored domain that is shut off', async () => {
      const domain = await findPlainDomain(current().ports);
      expect(domain).toMatchObject({ state: 'shut-off', persistent: true, hasManagedSave: false, active: undefined });
      expect(domain.rememberedVideos).toBeUndefined();
    });

    it('preview shows the hostdev in a unified diff and changes nothing', async () => {
      const { ports } = current();
      const before = await findPlainDomain(ports);
      const { uuid, diff } = await ports.domains.preview(before.uuid, [addHostdev, { kind: 'set-video-none' }]);
      expect(uuid).toBe(before.uuid);
      expect(diff).toMatch(new RegExp(`^\\+.*${firstUuid}`, 'm'));
      expect(diff).toMatch(/^-.*<(?:video|model)/m);
      expect(diff).toMatch(/^@@ -\d+,\d+ \+\d+,\d+ @@/m);
      expect(await reread(ports, before)).toEqual(before);
    });

    it('preview of no edits is empty and has the same revision', async () => {
      const { ports } = current();
      const { uuid } = await findPlainDomain(ports);
      const nothing = await ports.domains.preview(uuid, []);
      expect(nothing.diff).toBe('');
      expect((await ports.domains.preview(uuid, [addHostdev])).revision).toBe(nothing.revision);
    });

    it('apply makes all edits in one change', async () => {
      const { ports } = current();
      const domain = await findPlainDomain(ports);
      const videos = domain.inactive?.videos ?? [];
      const edits: DomainEdit[] = [addHostdev, { kind: 'set-video-none' }, { kind: 'remember-videos', videos }];
      await ports.domains.apply(await ports.domains.preview(domain.uuid, edits), edits);
      const changed = await reread(ports, domain);
      expect(changed.inactive?.hostdevs).toEqual([hostdev]);
      expect(changed.inactive?.videos.map((video) => video.model)).toEqual(['none']);
      expect(changed.rememberedVideos).toEqual(videos);
      expect(changed.inactive?.graphics).toEqual(domain.inactive?.graphics);
    });

    it('the opposite edits bring the domain back as it was', async () => {
      const { ports } = current();
      const domain = await findPlainDomain(ports);
      const videos = domain.inactive?.videos ?? [];
      const there: DomainEdit[] = [addHostdev, { kind: 'set-video-none' }, { kind: 'remember-videos', videos }];
      await ports.domains.apply(await ports.domains.preview(domain.uuid, there), there);
      const back: DomainEdit[] = [
        removeHostdev,
        { kind: 'set-videos', videos },
        { kind: 'remember-videos', videos: undefined },
      ];
      await ports.domains.apply(await ports.domains.preview(domain.uuid, back), back);
      expect(await reread(ports, domain)).toEqual(domain);
    });

    it('video devices keep all their settings', async () => {
      const { ports } = current();
      const domain = await findPlainDomain(ports);
      const size = { vramKiB: 131_072, ramKiB: 131_072, vram64KiB: 262_144, vgamemKiB: 32_768 };
      const screen = { model: 'qxl', primary: true, heads: 2, width: 1920, height: 1080, alias: 'ua-screen' };
      const videos = [{ ...screen, ...size }];
      const edits: DomainEdit[] = [
        { kind: 'set-videos', videos },
        { kind: 'remember-videos', videos },
      ];
      await ports.domains.apply(await ports.domains.preview(domain.uuid, edits), edits);
      const changed = await reread(ports, domain);
      expect(changed.inactive?.videos).toEqual(videos);
      expect(changed.rememberedVideos).toEqual(videos);
    });

    it('a video device that is more than its settings is not written: NotSupported, nothing changes', async () => {
      const { ports } = current();
      const { uuid } = await findPlainDomain(ports);
      const video = { model: 'virtio', primary: true, heads: 1, vramKiB: undefined, unsupported: ['model@new'] };
      for (const kind of ['set-videos', 'remember-videos'] as const) {
        const edits: DomainEdit[] = [{ kind, videos: [video] }];
        expect(await refusal(ports, () => ports.domains.preview(uuid, edits))).toBe('NotSupported');
      }
    });

    it('the native command holds the vfio device', async () => {
      const { ports } = current();
      const { uuid } = await findPlainDomain(ports);
      await ports.nodeDevices.define(definitionOf());
      await ports.nodeDevices.start(idOf());
      await ports.domains.apply(await ports.domains.preview(uuid, [addHostdev]), [addHostdev]);
      const device = (await ports.domains.nativeCommand(uuid)).find((argument) => argument.includes(firstUuid));
      expect(device).toContain('vfio-pci');
      expect(device).toContain(`/sys/bus/mdev/devices/${firstUuid}`);
    });
  });

  describe('domain power', () => {
    it('a domain without a vGPU starts, has a terminal, and ends at once', async () => {
      const { ports } = current();
      const domain = await findPlainDomain(ports);
      await ports.domains.start(domain.uuid);
      const running = await reread(ports, domain);
      expect(running).toMatchObject({ state: 'running', active: { console: { type: 'pty' } } });
      expect(running.active?.console?.path).toMatch(/^\/dev\/pts\/\d+$/);
      expect(await refusal(ports, () => ports.domains.start(domain.uuid))).toBe('InvalidState');
      await ports.domains.forceOff(domain.uuid);
      expect(await reread(ports, domain)).toEqual(domain);
    });
  });

  describe('domain refusals, which change nothing', () => {
    it('apply on a document that was changed meanwhile: InvalidState', async () => {
      const { ports } = current();
      const { uuid } = await findPlainDomain(ports);
      const stale = await ports.domains.preview(uuid, [addHostdev]);
      const other: DomainEdit[] = [{ kind: 'set-video-none' }];
      await ports.domains.apply(await ports.domains.preview(uuid, other), other);
      expect(await refusal(ports, () => ports.domains.apply(stale, [addHostdev]))).toBe('InvalidState');
    });

    it('a hostdev that is there already: AlreadyExists', async () => {
      const { ports } = current();
      const { uuid } = await findPlainDomain(ports);
      await ports.domains.apply(await ports.domains.preview(uuid, [addHostdev]), [addHostdev]);
      const { revision } = await ports.domains.preview(uuid, []);
      expect(await refusal(ports, () => ports.domains.preview(uuid, [addHostdev]))).toBe('AlreadyExists');
      expect(await refusal(ports, () => ports.domains.apply({ uuid, revision }, [addHostdev]))).toBe('AlreadyExists');
    });

    it('a hostdev that is not there: NotFound, also after edits that would work', async () => {
      const { ports } = current();
      const { uuid } = await findPlainDomain(ports);
      const edits: DomainEdit[] = [addHostdev, { kind: 'remove-mdev-hostdev', uuid: secondUuid }];
      const { revision } = await ports.domains.preview(uuid, []);
      expect(await refusal(ports, () => ports.domains.preview(uuid, edits))).toBe('NotFound');
      expect(await refusal(ports, () => ports.domains.apply({ uuid, revision }, edits))).toBe('NotFound');
    });

    it('an unknown domain: NotFound', async () => {
      const { ports } = current();
      const { domains } = ports;
      const expected = { uuid: unknownUuid, revision: '' };
      expect(await refusal(ports, () => domains.preview(unknownUuid, []))).toBe('NotFound');
      expect(await refusal(ports, () => domains.apply(expected, []))).toBe('NotFound');
      expect(await refusal(ports, () => domains.nativeCommand(unknownUuid))).toBe('NotFound');
      expect(await refusal(ports, () => domains.start(unknownUuid))).toBe('NotFound');
      expect(await refusal(ports, () => domains.shutdown(unknownUuid))).toBe('NotFound');
      expect(await refusal(ports, () => domains.forceOff(unknownUuid))).toBe('NotFound');
    });

    it('shutdown and force-off of a domain that does not run: InvalidState', async () => {
      const { ports } = current();
      const { uuid } = await findPlainDomain(ports);
      expect(await refusal(ports, () => ports.domains.shutdown(uuid))).toBe('InvalidState');
      expect(await refusal(ports, () => ports.domains.forceOff(uuid))).toBe('InvalidState');
    });
  });
}
