// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Dictionary } from '@vgpu/dbus-service/protocol';
import { describe, expect, it } from 'vitest';
import { readGolden } from '../testing/golden.js';
import { formatDomains, formatDomainsJson, type ListedDomain } from './domains.js';
import { formatDiff, formatSteps } from './steps.js';

const vgpu = {
  uuid: '7686131b-b229-4768-a02c-35d1dbed7c66',
  parentName: '0000:00:02.0',
  typeId: 'i915-GVTg_V5_4',
  active: true,
};

function domain(name: string, more: Partial<ListedDomain> = {}): ListedDomain {
  const uuid = '11111111-2222-4333-8444-555555555555';
  return { uuid, name, title: '', state: 'shut-off', autostart: false, pendingRestart: false, vgpus: [], ...more };
}

const domains = [
  domain('win\u202e11\n', { title: 'A title' }),
  domain('fedora', {
    state: 'running',
    pendingRestart: true,
    vgpus: [vgpu, { ...vgpu, uuid: '00000000-b229-4768-a02c-35d1dbed7c66', active: false }],
  }),
];

describe('formatDomains', () => {
  it('prints a table by name, a line for each vGPU', () => {
    const text = formatDomains(domains);
    expect(text).toBe(readGolden('domains', text));
  });

  it('prints only the heading when there are none', () => {
    expect(formatDomains([])).toBe('NAME  STATE  VGPUS\n');
  });

  it('prints the UUIDs first when they are asked for', () => {
    expect(formatDomains([domain('fedora')], { uuids: true })).toBe(
      'UUID                                  NAME    STATE     VGPUS\n' +
        '11111111-2222-4333-8444-555555555555  fedora  shut-off  -\n',
    );
  });

  it('prints JSON', () => {
    const text = formatDomainsJson(domains);
    expect(text).toBe(readGolden('domains-json', text));
  });
});

function step(severity: string, message: string): Dictionary {
  return {
    id: { signature: 's', value: 'note' },
    severity: { signature: 's', value: severity },
    message: { signature: 's', value: message },
  };
}

describe('formatSteps', () => {
  it('numbers what is done, marks warnings, and escapes', () => {
    expect(formatSteps([step('info', 'assign x to fedora'), step('warning', 'x is not \u001b active')])).toBe(
      '1. assign x to fedora\n2. warning: x is not \\x1b active\n',
    );
    expect(formatSteps([])).toBe('');
  });
});

describe('formatDiff', () => {
  it('keeps lines and tabs, escapes the rest, and ends with a line feed', () => {
    expect(formatDiff('-\t<a>\n+<b\u001b/>')).toBe('-\t<a>\n+<b\\x1b/>\n');
    expect(formatDiff('')).toBe('');
  });
});
