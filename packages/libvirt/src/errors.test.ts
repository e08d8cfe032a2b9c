// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  DisposedError,
  ErrorDomain,
  ErrorLevel,
  ErrorNumber,
  LibvirtError,
  open,
  type Connection,
  type Domain,
} from './index.js';
import * as constants from './constants.js';
import { withoutPrompt } from './open.js';
import { printed, runScript } from './test/child.js';

let connection: Connection;
beforeEach(async () => {
  connection = await open('test:///default');
});
afterEach(async () => {
  await connection.close();
});

async function failureOf(promise: Promise<unknown>): Promise<LibvirtError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof LibvirtError)) throw new Error(`not a LibvirtError: ${String(error)}`);
  return error;
}

describe('a failed call', () => {
  test('carries every field of libvirt’s error', async () => {
    const error = await failureOf(connection.lookupDomainByName('absent'));
    expect({ ...error }).toEqual({
      name: 'LibvirtError',
      code: ErrorNumber.NO_DOMAIN,
      domain: ErrorDomain.TEST,
      level: ErrorLevel.ERROR,
      str1: 'Domain not found',
      str2: null,
      str3: null,
      int1: -1,
      int2: -1,
    });
    expect(error.message).toBe('Domain not found');
    expect(error).toBeInstanceOf(Error);
  });

  test('has a stack that names the caller', async () => {
    const error = await failureOf(connection.lookupNodeDeviceByName('absent'));
    expect(error.stack).toContain('errors.test.ts');
  });

  test.for<[name: string, call: (connection: Connection) => Promise<unknown>, code: number]>([
    ['an absent node device', (c) => c.lookupNodeDeviceByName('absent'), ErrorNumber.NO_NODE_DEVICE],
    ['an absent UUID', (c) => c.lookupDomainByUuid('6695eb01-f6a4-8304-79aa-000000000000'), ErrorNumber.NO_DOMAIN],
    ['a malformed UUID', (c) => c.lookupDomainByUuid('x'), ErrorNumber.INVALID_ARG],
    ['broken XML', (c) => c.defineDomainXml('<domain'), ErrorNumber.XML_DETAIL],
    ['a driver without the function', (c) => c.defineNodeDeviceXml('<device/>'), ErrorNumber.NO_SUPPORT],
    ['an unknown transport', () => open('test+nonsense:///'), ErrorNumber.INVALID_ARG],
    ['a socket without a daemon', () => open('test+unix:///default?socket=/nonexistent'), ErrorNumber.SYSTEM_ERROR],
  ])('for %s has its own number', async ([, call, code]) => {
    expect((await failureOf(call(connection))).code).toBe(code);
  });

  test('on a read-only connection is denied', async () => {
    await using readOnly = await open('test:///default', { readOnly: true });
    const error = await failureOf(readOnly.defineDomainXml('<domain/>'));
    expect(error.code).toBe(ErrorNumber.OPERATION_DENIED);
  });

  test('of a function that this libvirt lacks is unsupported', async () => {
    const device = await connection.lookupNodeDeviceByName('computer');
    expect((await failureOf(device.update('<device/>'))).code).toBe(ErrorNumber.NO_SUPPORT);
  });

  test('prints nothing', async () => {
    const outcome = await runScript(`
      const connection = await libvirt.open('test:///default');
      await connection.lookupDomainByName('absent').catch(() => {});
      await connection.close();`);
    expect(outcome).toEqual(printed(''));
  });
});

describe('a wrong argument', () => {
  const bad: [name: string, call: (domain: Domain, connection: Connection) => Promise<unknown>, message: RegExp][] = [
    ['a number for a text', (_, c) => c.lookupDomainByName(1 as never), /^name must be a string$/],
    ['NUL', (_, c) => c.lookupDomainByName('te\0st'), /^name must be a string without NUL/],
    ['undefined for XML', (d) => d.attachDevice(undefined as never), /^xml must be a string$/],
    ['a signed flag', (d) => d.getXmlDesc(1 << 31), /^flags must be a whole number from 0 .*>>> 0/],
    ['a fraction', (d) => d.getXmlDesc(0.5), /^flags must/],
    ['NaN', (d) => d.getXmlDesc(Number.NaN), /^flags must/],
    ['more than 32 bits', (d) => d.getXmlDesc(2 ** 32), /^flags must/],
    ['a text for flags', (d) => d.getXmlDesc('1' as never), /^flags must/],
    ['a number for a boolean', (d) => d.setAutostart(1 as never), /^autostart must be a boolean$/],
    ['an unknown event', (_, c) => c.onDomainEvent('toString' as never, () => {}), /^name must be one of lifecycle, /],
    ['no callback', (_, c) => c.onNodeDeviceUpdate(undefined as never), /^callback must be a function$/],
    ['a URI that is no text', () => open(undefined as never), /^uri must be a string$/],
    ['a URI with NUL', () => open('test:///default\0'), /^uri must be a string without NUL/],
    [
      'a text for a keep-alive',
      () => open('test:///default', { keepAlive: { intervalSeconds: '5' as never, count: 3 } }),
      /^keepAlive\.intervalSeconds must/,
    ],
  ];

  test.for(bad)('%s is a TypeError that names it', async ([, call, message]) => {
    const domain = await connection.lookupDomainByName('test');
    const error = await call(domain, connection).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TypeError);
    expect((error as TypeError).message).toMatch(message);
  });

  test('a keep-alive of zero is a RangeError', async () => {
    const opened = open('test:///default', { keepAlive: { intervalSeconds: 0, count: 3 } });
    await expect(opened).rejects.toBeInstanceOf(RangeError);
  });

  test('a call after close is a DisposedError', async () => {
    await connection.close();
    await expect(connection.getUri()).rejects.toBeInstanceOf(DisposedError);
  });
});

describe('where libvirt is not usable', () => {
  const folder = mkdtempSync(join(tmpdir(), 'libvirt-none-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  const script = `
    try { await libvirt.open('test:///default'); } catch (error) { console.log(error.name, error.code, error.message); }`;

  test('the package loads, and open says what is missing and what to install', async () => {
    writeFileSync(join(folder, 'libvirt.so.0'), 'not a library, so that the loader stops here');
    const outcome = await runScript(script, { LD_LIBRARY_PATH: folder });
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    expect(outcome.stdout).toMatch(
      /^LibraryUnavailableError ERR_LIBVIRT_UNAVAILABLE libvirt\.so\.0 cannot be opened \(.*libvirt0/,
    );
  });

  test('a library without a needed function is named', async () => {
    execFileSync('cc', ['-shared', '-x', 'c', '/dev/null', '-o', join(folder, 'libvirt.so.0')]);
    const outcome = await runScript(script, { LD_LIBRARY_PATH: folder });
    expect(outcome.stdout).toContain('libvirt.so.0 lacks the function virInitialize; install');
  });
});

test('the constants are those of the installed headers, which may be older', () => {
  const script = new URL('../scripts/generate-constants.mjs', import.meta.url).pathname;
  const generated = execFileSync(process.execPath, [script, '/usr/include/libvirt'], { encoding: 'utf8' });
  const tables: Record<string, Record<string, number>> = constants;
  let compared = 0;
  for (const [, table, body] of generated.matchAll(/export const (\w+) = \{\n([^}]*)\} as const/g)) {
    for (const [, key, value] of body!.matchAll(/^ {2}(\w+): (\d+),$/gm)) {
      expect([table, key, tables[table!]?.[key!]]).toEqual([table, key, Number(value)]);
      compared += 1;
    }
  }
  expect(compared).toBeGreaterThan(250);
});

test.for([
  ['qemu+ssh://host/system', 'qemu+ssh://host/system?no_tty=1'],
  ['qemu+ssh://host/system?keyfile=/k', 'qemu+ssh://host/system?keyfile=/k&no_tty=1'],
  ['qemu+ssh://host/system?no_tty=0', 'qemu+ssh://host/system?no_tty=0'],
  ['qemu+unix:///system', 'qemu+unix:///system'],
  ['test:///default', 'test:///default'],
])('ssh may not prompt: %s', ([uri, expected]) => {
  expect(withoutPrompt(uri!)).toBe(expected);
});
