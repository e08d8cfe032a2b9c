// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClientHost, installedContract } from './client-host.js';
import { ObjectMirror } from '../dbus-service-mirror.js';

const contract = join(import.meta.dirname, '../../../packages/dbus-service/data/me.phyllo.Vgpu1.xml');
const dtd = '/usr/share/xml/dbus-1/introspect.dtd';

/** Throws with xmllint's complaints. Without the document type, which names the same DTD on a web server. */
function validate(documents: readonly string[]): void {
  const directory = mkdtempSync(join(tmpdir(), 'vgpud-introspection-'));
  try {
    const files = documents.map((xml, index) => {
      const file = join(directory, `${index}.xml`);
      writeFileSync(file, xml.replace(/<!DOCTYPE[^>]*>/, ''));
      return file;
    });
    execFileSync('xmllint', ['--nonet', '--noout', '--dtdvalid', dtd, ...files], { stdio: 'pipe' });
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe('the contract on a host', { timeout: 60_000 }, () => {
  let host: ClientHost;
  let mirror: ObjectMirror;
  beforeAll(async () => {
    host = await ClientHost.start('dbus-daemon');
    mirror = await ObjectMirror.connect(host.machine.systemBusAddress);
  });
  afterAll(async () => {
    mirror?.[Symbol.dispose]();
    await host?.[Symbol.asyncDispose]();
  });

  it('is installed where tools look for interfaces', async () => {
    expect(await host.runAsNobody('cat', installedContract)).toBe(readFileSync(contract, 'utf8'));
  });

  it('is valid by the DTD of introspection, and so is what every object serves', async () => {
    expect(() => validate(['<node><interface/></node>'])).toThrow(/interface does not carry attribute name/);
    const paths = ['/', '/me/phyllo', '/me/phyllo/Vgpu1', ...mirror.objects.keys()];
    const introspect = (path: string) => mirror.call(path, 'org.freedesktop.DBus.Introspectable', 'Introspect', '', []);
    const served = await Promise.all(paths.slice(0, 30).map(introspect));
    served.push(...(await Promise.all(paths.slice(30).map(introspect))));
    expect(served.length).toBeGreaterThan(40);
    validate([readFileSync(contract, 'utf8'), ...served.map(String)]);
  });
});
