// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '@vgpu/core';
import { interfaces, publishedDomainName, type TypedValue } from '@vgpu/dbus-service/protocol';
import { describe, expect, it } from 'vitest';
import { properties } from '../testing/fake-service.js';
import { readObjects, type ManagedObjects, type Objects } from './objects.js';
import {
  findDomain,
  findParent,
  findVgpu,
  parseParentArgument,
  parseUuidArgument,
  parseVgpuReference,
} from './targets.js';

const uuid = '7686131b-b229-4768-a02c-35d1dbed7c66';
function withVgpus(...vgpus: Readonly<Record<string, unknown>>[]): Objects {
  const managed: ManagedObjects = Object.fromEntries(
    vgpus.map((given, index) => [`/vgpu/${index}`, { [interfaces.vgpu]: properties(interfaces.vgpu, given) }]),
  );
  return readObjects(managed);
}

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof DeviceError) return error.code;
    throw error;
  }
  return 'none';
}

describe('parseUuidArgument', () => {
  it.each([uuid, uuid.toUpperCase(), uuid.replaceAll('-', ''), `{${uuid}}`, `urn:uuid:${uuid}`])('takes %s', (text) => {
    expect(parseUuidArgument(text)).toBe(uuid);
  });

  it.each(['', 'x', uuid.slice(1), `${uuid}0`, `{${uuid}`, `../${uuid}`])('refuses %j', (text) => {
    expect(codeOf(() => parseUuidArgument(text))).toBe('InvalidArgument');
  });
});

describe('parseVgpuReference', () => {
  it('reads the parent behind @, in --parent, or in both when they agree', () => {
    const both = { uuid, parentName: '0000:00:02.0' };
    expect(parseVgpuReference(uuid)).toStrictEqual({ uuid, parentName: undefined });
    expect(parseVgpuReference(`${uuid}@0000:00:02.0`)).toStrictEqual(both);
    expect(parseVgpuReference(uuid, '00:02.0')).toStrictEqual(both);
    expect(parseVgpuReference(`${uuid}@00:02.0`, '0000:00:02.0')).toStrictEqual(both);
    expect(parseVgpuReference(`${uuid}@mtty`)).toStrictEqual({ uuid, parentName: 'mtty' });
  });
});

describe('parseParentArgument', () => {
  it.each([
    ['0000:3B:00.0', '0000:3b:00.0'],
    ['3b:00.0', '0000:3b:00.0'],
    ['mtty', 'mtty'],
    ['../../etc', '../../etc'],
  ])('%s means %s', (text, name) => {
    expect(parseParentArgument(text)).toBe(name);
  });
});

describe('findVgpu', () => {
  const here = { Uuid: uuid, ParentName: '0000:00:02.0', Active: true };
  const there = { Uuid: uuid, ParentName: '0000:3b:00.0', Persistent: true };

  it('finds the only one, and none', () => {
    expect(findVgpu(withVgpus(here), parseVgpuReference(uuid)).ParentName).toBe('0000:00:02.0');
    expect(codeOf(() => findVgpu(withVgpus(), parseVgpuReference(uuid)))).toBe('NotFound');
    expect(() => findVgpu(withVgpus(), parseVgpuReference(uuid))).toThrow('vgpuctl list --defined');
    expect(codeOf(() => findVgpu(withVgpus(here), parseVgpuReference(`${uuid}@mtty`)))).toBe('NotFound');
  });

  it('names the parents where two have the UUID, and takes the one whose parent is given', () => {
    const objects = withVgpus(here, there);
    expect(() => findVgpu(objects, parseVgpuReference(uuid))).toThrow(
      /tell apart: 0000:00:02\.0, 0000:3b:00\.0; [^@]*$/,
    );
    expect(codeOf(() => findVgpu(objects, parseVgpuReference(uuid)))).toBe('Ambiguous');
    expect(findVgpu(objects, parseVgpuReference(`${uuid}@3b:00.0`)).path).toBe('/vgpu/1');
  });

  it('takes the one that the command applies to', () => {
    const objects = withVgpus(there, here);
    expect(findVgpu(objects, parseVgpuReference(uuid), (vgpu) => vgpu.Active).path).toBe('/vgpu/1');
  });
});

const named = (Name: string, Uuid: string) => ({
  [interfaces.domain]: properties(interfaces.domain, { Uuid, Name }),
});

describe('findDomain and findParent', () => {
  const objects = readObjects({
    '/a': { [interfaces.domain]: properties(interfaces.domain, { Uuid: uuid, Name: 'fedora' }) },
    '/b': { [interfaces.domain]: properties(interfaces.domain, { Uuid: uuid.replace('7', '8'), Name: uuid }) },
    '/c': { [interfaces.mdevParent]: properties(interfaces.mdevParent, { Name: 'mtty' }) },
  });

  it('finds a domain by name or UUID; a UUID wins over a name that looks like it', () => {
    expect(findDomain(objects, 'fedora').path).toBe('/a');
    expect(findDomain(objects, uuid.toUpperCase()).path).toBe('/a');
    expect(codeOf(() => findDomain(objects, 'Fedora'))).toBe('NotFound');
    expect(() => findDomain(objects, 'Fedora')).toThrow('vgpuctl domains lists those that do');
  });

  it('asks for the UUID where several have the name as it is shown, and takes it', () => {
    const [one, two] = [uuid.replace('7', '1'), uuid.replace('7', '2')];
    const twins = readObjects({
      '/a': { [interfaces.domain]: properties(interfaces.domain, { Uuid: two, Name: 'web server' }) },
      '/b': { [interfaces.domain]: properties(interfaces.domain, { Uuid: one, Name: 'web server' }) },
    });
    expect(codeOf(() => findDomain(twins, 'web server'))).toBe('Ambiguous');
    expect(() => findDomain(twins, 'web server')).toThrow(`${one} or ${two}`);
    expect(findDomain(twins, one).path).toBe('/b');
  });

  it.each(['web  server', ' x', 'n'.repeat(129)])('takes %j, exactly', (name) => {
    const alike = named(name.replaceAll(/ +/g, ' ').trim().slice(0, 128), uuid.replace('7', '8'));
    const both = readObjects({ '/a': alike, '/b': named(publishedDomainName(name), uuid) });
    expect(findDomain(both, name).path).toBe('/b');
  });

  it.each(['a\u200bdmin', 'x\u0000', '\u202ex', 'n'.repeat(256)])(
    'does not guess which is meant by %j, which no list shows',
    (name) => {
      const shown = properties(interfaces.domain, { Uuid: uuid, Name: publishedDomainName(name) });
      const odd = readObjects({ '/a': { [interfaces.domain]: shown } });
      expect(codeOf(() => findDomain(odd, name))).toBe('NotFound');
      expect(() => findDomain(odd, name)).toThrow('vgpuctl domains --uuid');
    },
  );

  it('takes no empty name', () => {
    expect(codeOf(() => findDomain(objects, ''))).toBe('InvalidArgument');
  });

  it('finds a parent by name', () => {
    expect(findParent(objects, 'mtty').path).toBe('/c');
    expect(codeOf(() => findParent(objects, '0000:00:02.0'))).toBe('NotFound');
    expect(() => findParent(objects, '0000:00:02.0')).toThrow('these can: mtty');
  });
});

describe('readObjects', () => {
  it('says that another version runs when a property is missing or has another type', () => {
    const { Name: _missing, ...rest } = properties(interfaces.mdevParent, {});
    const managed = { '/a': { [interfaces.mdevParent]: rest } };
    expect(codeOf(() => readObjects(managed).all(interfaces.mdevParent))).toBe('NotSupported');
    const odd = { '/a': { [interfaces.mdevParent]: { ...rest, Name: { signature: 'u', value: 1 } } } };
    expect(codeOf(() => readObjects(odd).find(interfaces.mdevParent, '/a'))).toBe('NotSupported');
  });

  it('ignores interfaces and properties that it does not know', () => {
    const known = properties(interfaces.mdevParent, { Name: 'mtty' });
    const managed = {
      '/a': { 'me.phyllo.Vgpu1.New': {}, [interfaces.mdevParent]: { ...known, New: known['Name'] as TypedValue } },
    };
    expect(
      readObjects(managed)
        .all(interfaces.mdevParent)
        .map((parent) => parent.Name),
    ).toStrictEqual(['mtty']);
    expect(readObjects(managed).find(interfaces.vgpu, '/a')).toBeUndefined();
    expect(readObjects(managed).find(interfaces.vgpu, '__proto__')).toBeUndefined();
  });
});
