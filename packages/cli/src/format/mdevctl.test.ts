// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { readReference } from '../testing/golden.js';
import {
  formatList,
  formatListJson,
  formatTypes,
  formatTypesJson,
  mdevctlManners,
  type ListedMdev,
  type ListedParentTypes,
} from './mdevctl.js';

/** The state that mdevctl 1.2.0 saw when the reference files were recorded. */
const parents: readonly ListedParentTypes[] = [
  { name: 'mtty', types: [type('mtty-1', 8, '')] },
  {
    name: '0000:3b:00.0',
    types: [
      { ...type('nvidia-63', 8, 'num_heads=4, frl_config=60, framebuffer=1024M'), name: 'GRID T4-1Q' },
      { ...type('nvidia-105', 8, ''), name: 'GRID x' },
    ],
  },
  {
    name: '0000:00:02.0',
    types: [
      gvtType('8', 7, '64', '384', '1024x768', '2'),
      gvtType('1', 1, '512', '2048', '1920x1200', '16'),
      gvtType('4', 5, '128', '512', '1920x1200', '4'),
      gvtType('2', 2, '256', '1024', '1920x1200', '8'),
    ],
  },
];

const onGpu = mdev('7686131b-b229-4768-a02c-35d1dbed7c66', '0000:00:02.0', 'i915-GVTg_V5_4');
const mdevs: readonly ListedMdev[] = [
  {
    ...mdev('00000000-b229-4768-a02c-35d1dbed7c66', 'mtty', 'mtty-1'),
    persistent: true,
    autostart: true,
    attributes: [
      ['x', '1'],
      ['y', '2 "q"'],
    ],
  },
  { ...mdev('ff000000-b229-4768-a02c-35d1dbed7c66', '0000:3b:00.0', 'nvidia-63'), active: true },
  { ...mdev('7686131b-b229-4768-a02c-35d1dbed7c66', '0000:3b:00.0', 'nvidia-105'), persistent: true },
  { ...onGpu, active: true, persistent: true, autostart: true },
];
const active = mdevs.filter((each) => each.active);
const defined = mdevs.filter((each) => each.persistent);

function type(typeId: string, availableInstances: number, description: string) {
  return { typeId, name: '', deviceApi: 'vfio-pci', availableInstances, description };
}

function gvtType(id: string, available: number, low: string, high: string, resolution: string, weight: string) {
  const lines = [
    `low_gm_size: ${low}MB`,
    `high_gm_size: ${high}MB`,
    'fence: 4',
    `resolution: ${resolution}`,
    `weight: ${weight}`,
  ];
  return type(`i915-GVTg_V5_${id}`, available, lines.join('\n'));
}

function mdev(uuid: string, parentName: string, typeId: string): ListedMdev {
  return { uuid, parentName, typeId, active: false, persistent: false, autostart: false, attributes: [] };
}

/** What was active with attributes when the last two files were recorded. */
const withAttribute: readonly ListedMdev[] = active.map((each) =>
  each.persistent ? { ...each, attributes: [['z', '3']] } : each,
);

describe.each(['1.2.0', '1.4.0'])('mdevctl %s, recorded', (version) => {
  const { ending, activeAttributes } = mdevctlManners(version);
  const activeListed = withAttribute.map((each) => (activeAttributes ? each : { ...each, attributes: [] }));

  it.each([
    ['types', formatTypes(parents)],
    ['types-json', formatTypesJson(parents)],
    ['list', formatList(active, { defined: false, verbose: false })],
    ['list-defined', formatList(defined, { defined: true, verbose: false })],
    ['list-defined-verbose', formatList(defined, { defined: true, verbose: true })],
    ['list-json', formatListJson(active, { single: false })],
    ['list-defined-json', formatListJson(defined, { single: false })],
    ['list-uuid-json', formatListJson(defined.slice(0, 1), { single: true })],
    ['list-verbose', formatList(activeListed, { defined: false, verbose: true })],
    ['list-active-uuid-json', formatListJson(activeListed.slice(1), { single: true })],
  ])('%s is equal byte for byte', (name, text) => {
    expect(text + ending).toBe(readReference(`mdevctl-${version}-${name}`));
  });
});

describe('formatTypes', () => {
  it('prints a name and a description without surrounding space, and none that is empty', () => {
    const odd = [
      {
        name: 'p',
        types: [
          { ...type('a-1', 1, '\n a  b \n\n c \n\n'), name: '  nm  ' },
          { ...type('a-2', 1, ' '), name: ' ' },
        ],
      },
    ];
    expect(formatTypes(odd)).toBe(
      'p\n' +
        '  a-1\n    Available instances: 1\n    Device API: vfio-pci\n    Name: nm\n    Description: a  b , ,  c\n' +
        '  a-2\n    Available instances: 1\n    Device API: vfio-pci\n',
    );
  });

  it('sorts by bytes: capital letters first, digits one by one', () => {
    const ids = formatTypes([{ name: 'p', types: [type('a-63', 1, ''), type('a-105', 1, ''), type('B', 1, '')] }]);
    expect(ids.match(/^ {2}\S+/gm)).toStrictEqual(['  B', '  a-105', '  a-63']);
  });

  it('escapes what is not plain, in text and in JSON, where the value stays the same', () => {
    const hostile = [{ name: 'p', types: [type('t', 1, 'a\u001b[2Jb\u202ec')] }];
    expect(formatTypes(hostile)).toContain('    Description: a\\x1b[2Jb\\u{202e}c\n');
    const json = formatTypesJson(hostile);
    expect(json).toContain('a\\u001b[2Jb\\u202ec');
    expect(JSON.parse(json)[0].p[0].t.description).toBe('a\u001b[2Jb\u202ec');
  });
});

describe('nothing to list', () => {
  it('is no text and an empty JSON list', () => {
    expect(formatTypes([])).toBe('');
    expect(formatTypesJson([])).toBe('[]');
    expect(formatList([], { defined: true, verbose: false })).toBe('');
    expect(formatListJson([], { single: false })).toBe('[]');
    expect(formatListJson([], { single: true })).toBe('[]');
  });
});

describe('mdevctlManners', () => {
  it.each([
    ['1.1.0', '\n', true],
    ['1.2.0', '\n', true],
    ['1.3.0', '\n', false],
    ['1.4.0', '', false],
    ['1.10.0', '', false],
    ['2.0.0', '', false],
    ['', '', false],
    ['unknown', '', false],
  ])('%s', (version, ending, activeAttributes) => {
    expect(mdevctlManners(version)).toStrictEqual({ ending, activeAttributes });
  });
});
