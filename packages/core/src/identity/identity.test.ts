// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { exitStatusByErrorCode } from '../errors.js';
import { parseMdevTypeId, parseParentName } from './device-names.js';
import { parsePciAddress } from './pci-address.js';
import { parseUuid } from './uuid.js';

const invalid = expect.objectContaining({ name: 'DeviceError', code: 'InvalidArgument' });

describe('identities', () => {
  it.each([
    ['0000:00:02.0', '0000:00:02.0'],
    ['3B:00.4', '0000:3b:00.4'],
    ['ABCD:1f:1F.7', 'abcd:1f:1f.7'],
  ])('reads the PCI address %s', (text, address) => {
    expect(parsePciAddress(text)).toBe(address);
  });

  it.each(['', '00:02', '00:02.8', '00:20.0', '00:02.0/../x', ' 00:02.0', '00:02.0\n', 'g0:02.0', '00000:00:02.0'])(
    'refuses the PCI address %j',
    (text) => {
      expect(() => parsePciAddress(text)).toThrow(invalid);
    },
  );

  it('reads a UUID in upper case', () => {
    expect(parseUuid('7686131B-B229-4768-A02C-35D1DBED7C66')).toBe('7686131b-b229-4768-a02c-35d1dbed7c66');
  });

  it('takes all zeros for a UUID, as libvirt, mdevctl and the kernel do', () => {
    const nil = '00000000-0000-0000-0000-000000000000';
    expect(parseUuid(nil)).toBe(nil);
  });

  it.each(['', '7686131bb2294768a02c35d1dbed7c66', '7686131b-b229-4768-a02c-35d1dbed7c6', "x'/><hostdev"])(
    'refuses the UUID %j',
    (text) => {
      expect(() => parseUuid(text)).toThrow(invalid);
    },
  );

  it('takes names as the kernel gives them', () => {
    expect([parseParentName('mtty'), parseParentName('0000:00:02.0')]).toEqual(['mtty', '0000:00:02.0']);
    expect([parseMdevTypeId('i915-GVTg_V5_4'), parseMdevTypeId('mtty-2')]).toEqual(['i915-GVTg_V5_4', 'mtty-2']);
  });

  it.each(['', '.', '..', '../x', 'a/b', 'a b', 'a\n', "a'", 'a"', 'a<', '-x', 'x'.repeat(129)])(
    'refuses the name %j',
    (text) => {
      expect(() => parseParentName(text)).toThrow(invalid);
      expect(() => parseMdevTypeId(text)).toThrow(invalid);
    },
  );

  it('has an exit status of its own for every error code', () => {
    const statuses = Object.values(exitStatusByErrorCode);
    expect(new Set(statuses).size).toBe(statuses.length);
  });
});
