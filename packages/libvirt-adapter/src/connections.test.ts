// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, it } from 'vitest';
import { nodeDeviceUriFor } from './connections.js';

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
