// SPDX-License-Identifier: LGPL-2.1-or-later
import { parseUuid, type DomainEdit, type MdevHostdev, type Video } from '@vgpu/core';
import { describe, expect, it } from 'vitest';
import { codeOf, fixture } from '../testing.js';
import { parseDomain, readDomain } from '../xml/domain.js';
import { editDomain } from './apply-edits.js';
import { readRememberedVideos } from './videos.js';

const desktop = fixture('libvirt-9.0.0/domain-desktop.xml');
const uuid = parseUuid('7686131b-b229-4768-a02c-35d1dbed7c66');
const hostdev: MdevHostdev = { kind: 'mdev', uuid, model: 'vfio-pci', display: false, ramfb: false };
const add: DomainEdit = { kind: 'add-mdev-hostdev', hostdev };
const remove: DomainEdit = { kind: 'remove-mdev-hostdev', uuid };
const virtio: Video = { model: 'virtio', primary: true, heads: 1, vramKiB: undefined };
const withOneVideo = desktop.replace(/ {4}<video>\n {6}<model type='qxl'[^]*?<\/video>\n/, '');

describe('editDomain', () => {
  it('writes the hostdev of the procedure behind the others, in libvirt’s layout', () => {
    const edited = editDomain(desktop, [add]);
    const added = `    <hostdev mode='subsystem' type='mdev' managed='no' model='vfio-pci' display='off' ramfb='off'>
      <source>
        <address uuid='7686131b-b229-4768-a02c-35d1dbed7c66'/>
      </source>
    </hostdev>
`;
    expect(edited).toBe(
      desktop.replace("    <memballoon model='virtio'/>\n", `${added}    <memballoon model='virtio'/>\n`),
    );
  });

  it('replaces every video by one of model none', () => {
    const edited = editDomain(desktop, [{ kind: 'set-video-none' }]);
    expect(edited.match(/<video>[^]*<\/video>/)?.[0]).toBe("<video>\n      <model type='none'/>\n    </video>");
    expect(editDomain(edited, [{ kind: 'set-video-none' }])).toBe(edited);
  });

  const inverses: [string, string, DomainEdit[], DomainEdit[]][] = [
    ['a hostdev', desktop, [add], [remove]],
    ['videos', withOneVideo, [{ kind: 'set-video-none' }], [{ kind: 'set-videos', videos: [virtio] }]],
    [
      'remembered videos',
      desktop,
      [{ kind: 'remember-videos', videos: [virtio] }],
      [{ kind: 'remember-videos', videos: undefined }],
    ],
    [
      'remembered videos where there was no metadata',
      desktop.replace(/ {2}<metadata>[^]*<\/metadata>\n/, ''),
      [{ kind: 'remember-videos', videos: [virtio] }],
      [{ kind: 'remember-videos', videos: undefined }],
    ],
    [
      'a whole assignment',
      withOneVideo,
      [add, { kind: 'set-video-none' }, { kind: 'remember-videos', videos: [virtio] }],
      [remove, { kind: 'set-videos', videos: [virtio] }, { kind: 'remember-videos', videos: undefined }],
    ],
  ];
  const shapes: [string, (xml: string) => string][] = [
    ['as libvirt prints it', (xml) => xml],
    ['with carriage returns', (xml) => xml.replace(/\n/g, '\r\n')],
    ['with tabs and double quotes', (xml) => xml.replace(/ {2}/g, '\t').replace(/='([^'"]*)'/g, '="$1"')],
    ['on one line', (xml) => xml.replace(/\n\s*/g, '')],
    [
      'with a declaration, comments and instructions',
      (xml) =>
        `<?xml version="1.0"?>\n<!-- "a" -->\n${xml.replace(/<video>/g, "<!-- don't --><?pi x y='1'?>\n    <video>")}<!-- end -->`,
    ],
  ];
  for (const [shape, change] of shapes) {
    it.each(inverses)(`${shape}: %s and the inverse give the same bytes`, (_what, xml, edits, inverse) => {
      const before = change(xml);
      const edited = editDomain(before, edits);
      expect(edited).not.toBe(before);
      expect(editDomain(edited, inverse)).toBe(before);
    });
  }

  it('changes nothing outside what the edits name', () => {
    const edited = editDomain(desktop, [
      add,
      { kind: 'set-video-none' },
      { kind: 'remember-videos', videos: [virtio] },
    ]);
    const kept = desktop.split('\n').filter((line) => !/<video>|<model|<\/video>/.test(line));
    const lines = edited.split('\n');
    for (const line of kept) expect(lines).toContain(line);
    expect(edited).toContain("passwd='it&apos;s &quot;secret&quot;'");
    expect(edited).toContain('<constructor hasOwnProperty="1"/><![CDATA[ <b> & ]]>');
  });

  it.each([
    ['AlreadyExists', [add, add]],
    ['NotFound', [remove]],
    ['InvalidArgument', [{ ...add, hostdev: { ...hostdev, model: "vfio-pci'/><evil" } }]],
    ['InvalidArgument', [{ kind: 'set-videos', videos: [{ ...virtio, model: 'evil' }] }]],
    ['InvalidArgument', [{ kind: 'remember-videos', videos: [{ ...virtio, heads: -1 }] }]],
  ] as [string, DomainEdit[]][])('refuses with %s', (code, edits) => {
    expect(codeOf(() => editDomain(desktop, edits))).toBe(code);
  });
});

it('gives a domain of QEMU its own video back but for its address, which libvirt assigns again', () => {
  const server = fixture('libvirt-9.0.0/domain-server.xml');
  const { videos } = readDomain(server).devices;
  const there = editDomain(server, [add, { kind: 'set-video-none' }, { kind: 'remember-videos', videos }]);
  const back = editDomain(there, [
    remove,
    { kind: 'set-videos', videos },
    { kind: 'remember-videos', videos: undefined },
  ]);
  const address = "      <address type='pci' domain='0x0000' bus='0x00' slot='0x01' function='0x0'/>\n";
  expect(server).toContain(address);
  expect(back).toBe(server.replace(address, ''));
});

describe('remembered videos', () => {
  it('are written as libvirt will print them: a diff of removing them shows the same lines', () => {
    const bare = desktop.replace(/ {2}<metadata>[^]*<\/metadata>\n/, '');
    for (const document of [desktop, bare]) {
      const edited = editDomain(document, [{ kind: 'remember-videos', videos: [virtio] }]);
      expect(edited).toContain('<vgpu:video model="virtio"');
      expect(edited).not.toMatch(/vgpu:[^>]*'/);
    }
  });

  it('come back as they were', () => {
    const videos = readDomain(desktop).devices.videos;
    const edited = editDomain(desktop, [{ kind: 'remember-videos', videos }]);
    expect(readRememberedVideos(parseDomain(edited))).toEqual(videos);
    const again = editDomain(edited, [{ kind: 'remember-videos', videos: [virtio] }]);
    expect(readRememberedVideos(parseDomain(again))).toEqual([virtio]);
    expect(readRememberedVideos(parseDomain(desktop))).toBeUndefined();
  });

  it.each([
    ['none', '', []],
    [
      'sound ones',
      '<v:video model="cirrus" vram="9216"/>',
      [{ ...virtio, model: 'cirrus', primary: false, heads: undefined, vramKiB: 9216 }],
    ],
    ['a model that is not libvirt’s', `<v:video model="virtio' evil='1"/>`, undefined],
    ['no model', '<v:video heads="1"/>', undefined],
    ['a number that is none', '<v:video model="qxl" heads="1e9"/>', undefined],
    ['a number below zero', '<v:video model="vga" vram="-1"/>', undefined],
    ['a word that is not libvirt’s', '<v:video model="virtio" driver="/bin/sh"/>', undefined],
    ['a path', '<v:video model="virtio" rendernode="/dev/dri/renderD128"/>', undefined],
    ['an alias that is not a user’s', '<v:video model="virtio" alias="video0"/>', undefined],
    ['something inside', '<v:video model="cirrus"><v:evil/></v:video>', undefined],
    ['something else beside', '<v:video model="vga"/><v:__proto__ model="vga"/>', undefined],
    ['too many', '<v:video model="vga"/>'.repeat(17), undefined],
  ])('of somebody else’s making tell nothing unless all are in known words: %s', (_what, videos, expected) => {
    const ours = `<v:x xmlns:v="https://phyllo.me/vgpu/1"><v:videos>${videos}</v:videos></v:x>`;
    expect(readRememberedVideos(parseDomain(desktop.replace('<notes ', `${ours}<notes `)))).toEqual(expected);
  });
});
