// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Video } from '@vgpu/core';
import { describe, expect, it } from 'vitest';
import { editDomain } from '../domain-edit/apply-edits.js';
import { readRememberedVideos } from '../domain-edit/videos.js';
import { codeOf } from '../testing.js';
import { parseXml } from './document.js';
import { parseDomain, readDomain } from './domain.js';
import { readVideo } from './video.js';

/** All that libvirt's schema allows but for the address and the render node, in libvirt's order. */
const everything = `<video>
      <driver name='qemu' vgaconf='io' iommu='on' ats='off' packed='on' page_per_vq='off'/>
      <model type='qxl' ram='65536' vram='65537' vram64='65538' vgamem='16384' heads='2' primary='yes' blob='on' edid='off'>
        <acceleration accel2d='yes' accel3d='no'/>
        <resolution x='1920' y='1080'/>
      </model>
      <alias name='ua-screen.1'/>
      <acpi index='7'/>
    </video>`;
const document = `<domain>
  <name>x</name>
  <uuid>7686131b-b229-4768-a02c-35d1dbed7c66</uuid>
  <devices>
    ${everything}
  </devices>
</domain>
`;
const [all] = readDomain(document).devices.videos;

describe('a video device', () => {
  it('is read with all its settings', () => {
    expect(all).toEqual({
      model: 'qxl',
      primary: true,
      heads: 2,
      vramKiB: 65537,
      ramKiB: 65536,
      vram64KiB: 65538,
      vgamemKiB: 16384,
      blob: true,
      edid: false,
      accel2d: true,
      accel3d: false,
      width: 1920,
      height: 1080,
      driverName: 'qemu',
      vgaconf: 'io',
      iommu: true,
      ats: false,
      packed: true,
      pagePerVq: false,
      acpiIndex: 7,
      alias: 'ua-screen.1',
    });
  });

  it('comes back byte for byte, also from the memory', () => {
    const videos = [all as Video];
    const there = editDomain(document, [{ kind: 'set-video-none' }, { kind: 'remember-videos', videos }]);
    const remembered = readRememberedVideos(parseDomain(there));
    expect(remembered).toEqual(videos);
    const back = editDomain(there, [
      { kind: 'set-videos', videos: remembered ?? [] },
      { kind: 'remember-videos', videos: undefined },
    ]);
    expect(back).toBe(document);
  });

  it.each([
    ['model/acceleration@rendernode', "<model type='virtio'><acceleration rendernode='/dev/dri/renderD128'/></model>"],
    ['model@type', "<model type='future'/>"],
    ['model@type', '<driver/>'],
    ['model@heads', "<model type='vga' heads='many'/>"],
    ['model@new', "<model type='vga' new='1'/>"],
    ['model/new', "<model type='vga'><new/></model>"],
    ['new', "<model type='vga'/><new/>"],
    ['model', "<model type='vga'/><model type='qxl'/>"],
    ['alias@name', "<model type='vga'/><alias name='ua-a b'/>"],
  ])('with %s is not written again', (element, inner) => {
    const video = readVideo(parseXml(`<video>${inner}</video>`));
    expect(video.unsupported).toEqual([element]);
    expect(codeOf(() => editDomain(document, [{ kind: 'set-videos', videos: [video] }]))).toBe('NotSupported');
    expect(codeOf(() => editDomain(document, [{ kind: 'remember-videos', videos: [video] }]))).toBe('NotSupported');
  });

  it('loses its address and what libvirt calls it, both of which libvirt makes up again', () => {
    const xml = "<video><model type='vga'/><alias name='video0'/><address type='pci' slot='0x01'/></video>";
    expect(readVideo(parseXml(xml))).toEqual({ model: 'vga', primary: false, heads: undefined, vramKiB: undefined });
  });
});
