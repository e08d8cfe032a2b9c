// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, it } from 'vitest';
import { extentOf, nodeDeviceUriFor } from './connections.js';

it.each([
  ['qemu:///system', 'nodedev:///system'],
  ['xen:///system', 'nodedev:///system'],
  // These name a machine, a socket, a user's daemon, or a driver that has node devices of its own.
  ...['qemu+ssh://host/system', 'qemu+unix:///system?socket=/s', 'qemu:///session', 'test:///default'].map((uri) => [
    uri,
    uri,
  ]),
])('node devices of %s are at %s', (uri, expected) => {
  expect(nodeDeviceUriFor(uri)).toBe(expected);
});

it.each([
  ['drm_renderD128', 'everything'],
  ['pci_0000_00_02_0', 'everything'],
  ['mdev_c7a5fdbd_edaf_9455_926a_d65c16db1809_0000_00_02_0', 'some'],
])('an event of node device %s may leave out: %s', (name, extent) => {
  expect(extentOf({ kind: 'node-device', name })).toBe(extent);
});
