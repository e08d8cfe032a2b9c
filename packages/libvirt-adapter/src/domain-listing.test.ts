// SPDX-License-Identifier: LGPL-2.1-or-later
import type { DomainRecord } from '@vgpu/libvirt';
import { expect, it } from 'vitest';
import { newDomainReading, toDomains } from './domain-listing.js';
import { fixture } from './testing.js';

const server: DomainRecord = {
  name: 'server',
  uuid: 'b5a0c8de-52cf-4d0f-8a4e-0a6a8b6f7d22',
  state: 5,
  reason: 0,
  active: false,
  persistent: true,
  autostart: true,
  hasManagedSave: false,
  xml: fixture('libvirt-9.0.0/domain-server.xml'),
  inactiveXml: fixture('libvirt-9.0.0/domain-server.xml'),
};
const uuid = 'deadbeef-0000-4000-8000-000000000000';

it.each(['<domain>', '', '<domain/>', '<device/>'])('one domain that cannot be read (%s) hides no other', (xml) => {
  const odd = { ...server, name: 'odd', uuid, xml, inactiveXml: xml };
  const [first, second] = toDomains([odd, server], newDomainReading());
  expect(first).toEqual({
    uuid,
    name: 'odd',
    title: '',
    osId: '',
    state: 'shut-off',
    persistent: true,
    autostart: true,
    hasManagedSave: false,
    inactive: undefined,
    active: undefined,
    rememberedVideos: undefined,
    unreadable: true,
  });
  expect(second).toMatchObject({ name: 'server', inactive: { videos: [{}] } });
});

it('one of which only the stored document cannot be read is running still', () => {
  const odd = { ...server, active: true, state: 1, inactiveXml: '<domain>' };
  expect(toDomains([odd], newDomainReading())).toMatchObject([
    { state: 'running', active: { hostdevs: [] }, inactive: undefined, unreadable: true },
  ]);
});
