// SPDX-License-Identifier: LGPL-2.1-or-later
import type { DomainDetails } from '@vgpu/libvirt';
import { expect, it } from 'vitest';
import { readDomainRecord } from './domain-listing.js';
import { fixture } from './testing.js';

const server: DomainDetails = {
  name: 'server',
  uuid: 'b5a0c8de-52cf-4d0f-8a4e-0a6a8b6f7d22',
  state: 5,
  reason: 0,
  active: false,
  persistent: true,
  autostart: true,
  hasManagedSave: false,
};
const running: DomainDetails = { ...server, active: true, state: 1 };
const xml = fixture('libvirt-9.0.0/domain-server.xml');
const stored = { active: undefined, stored: xml };

it.each(['<domain>', '', '<domain/>', '<device/>'])('one that cannot be read (%s) is listed all the same', (odd) => {
  const details = { ...server, name: 'odd', uuid: 'deadbeef-0000-4000-8000-000000000000' };
  expect(readDomainRecord(details, { active: undefined, stored: odd }).domain).toEqual({
    uuid: 'deadbeef-0000-4000-8000-000000000000',
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
});

it('one of which only the stored document cannot be read is running still', () => {
  expect(readDomainRecord(running, { active: xml, stored: '<domain>' }).domain).toMatchObject({
    state: 'running',
    active: { hostdevs: [] },
    inactive: undefined,
    unreadable: true,
  });
});

it('stays the same object while nothing changes, and keeps what a document says that stays', () => {
  const before = readDomainRecord(server, stored);
  expect(readDomainRecord({ ...server, reason: 7 }, { ...stored }, before)).toBe(before);
  const started = readDomainRecord(running, { active: xml, stored: xml }, before);
  expect(started.domain).not.toBe(before.domain);
  expect(started.domain.inactive).toBe(before.domain.inactive);
});

it('that nobody can read now is as it was, in the state that libvirt tells', () => {
  const before = readDomainRecord(running, { active: xml, stored: xml });
  const refused = readDomainRecord(running, 'refused', before);
  expect(refused.domain).toEqual({ ...before.domain, outdated: true });
  expect(readDomainRecord(running, 'refused', refused)).toBe(refused);
  expect(readDomainRecord(running, { active: xml, stored: xml }, refused).domain).toEqual(before.domain);
  const stopped = readDomainRecord(server, 'refused', before).domain;
  expect(stopped).toMatchObject({ state: 'shut-off', active: undefined });
  expect(stopped.unreadable).toBeUndefined();
  expect(stopped.inactive).toBe(before.domain.inactive);
});

it('that was never read while it runs is unreadable', () => {
  const before = readDomainRecord(server, stored);
  expect(readDomainRecord(running, 'refused', before).domain).toMatchObject({ state: 'running', unreadable: true });
  expect(readDomainRecord(running, 'refused').domain).toMatchObject({ state: 'running', unreadable: true });
});
