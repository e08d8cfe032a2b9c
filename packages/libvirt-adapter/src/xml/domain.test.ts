// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { codeOf, fixture } from '../testing.js';
import { readDomain } from './domain.js';

const desktop = fixture('libvirt-9.0.0/domain-desktop.xml');

describe('readDomain', () => {
  it('reads what libvirt printed', () => {
    expect(readDomain(desktop)).toEqual({
      uuid: 'c7a5fdbd-edaf-9455-926a-d65c16db1809',
      name: 'phyllome-desktop',
      title: 'Phyllome & "friends" <42>',
      osId: 'http://fedoraproject.org/fedora/41',
      devices: {
        hostdevs: [
          { kind: 'pci', address: '0000:3e:1f.7', managed: true },
          {
            kind: 'mdev',
            uuid: '11111111-2222-4333-8444-555555555555',
            model: 'vfio-pci',
            display: false,
            ramfb: false,
          },
        ],
        videos: [
          { model: 'virtio', primary: true, heads: 1, vramKiB: undefined },
          { model: 'qxl', primary: false, heads: 1, vramKiB: 65536, ramKiB: 65536, vgamemKiB: 16384 },
        ],
        graphics: [
          { type: 'vnc', gl: false },
          { type: 'spice', gl: true },
        ],
        console: { type: 'pty', path: undefined },
      },
    });
  });

  it('reads the terminal of a running domain', () => {
    const running = desktop.replace(
      "<console type='pty'>",
      "<console type='pty' tty='/dev/pts/3'>\n      <source path='/dev/pts/3'/>",
    );
    expect(readDomain(running).devices.console).toEqual({ type: 'pty', path: '/dev/pts/3' });
  });

  it.each([
    ['another root', '<network><name>x</name></network>'],
    ['no name', '<domain><uuid>c7a5fdbd-edaf-9455-926a-d65c16db1809</uuid></domain>'],
    ['no uuid', '<domain><name>x</name></domain>'],
  ])('refuses %s', (_what, xml) => {
    expect(codeOf(() => readDomain(xml))).toBe('Internal');
  });

  it('leaves out hostdevs that name no device', () => {
    const odd = desktop
      .replace("uuid='11111111-2222-4333-8444-555555555555'", "uuid='../../etc'")
      .replace("function='0x7'", "function='9'");
    expect(readDomain(odd).devices.hostdevs).toEqual([]);
  });
});
