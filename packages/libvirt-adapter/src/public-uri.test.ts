// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, it } from 'vitest';
import { formatPublicUri } from './public-uri.js';

it.each([
  ['qemu:///system', 'qemu:///system'],
  ['qemu+unix:///system?socket=/run/libvirt/libvirt-sock', 'qemu+unix:///system'],
  ['qemu+ssh://root@host.example:22/system?keyfile=/root/.ssh/id', 'qemu+ssh://host.example:22/system'],
  ['qemu+ssh://root:s3cret@host/system#s3cret', 'qemu+ssh://host/system'],
  ['qemu+ssh://a:p@ss@host/system', 'qemu+ssh://host/system'],
  ['qemu+ext:///system?command=/usr/bin/x', 'qemu+ext:///system'],
  ['test:////etc/host.xml?x=1', 'test:////etc/host.xml'],
  ['qemu+tls://[::1]:16514/system', 'qemu+tls://[::1]:16514/system'],
  ['s3cret', ''],
])('%s is shown as %s', (uri, shown) => {
  expect(formatPublicUri(uri)).toBe(shown);
});
