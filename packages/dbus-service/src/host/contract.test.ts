// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { describe, expect, it } from 'vitest';
import { polkitActions } from '../auth/polkit-actions.js';
import { methodTable } from '../methods/table.js';
import { contract } from '../protocol/contract.js';
import { interfaces } from '../protocol/names.js';
import { changingMethods } from '../testing/changing-methods.js';
import { makeHost } from '../testing/hosts.js';
import { startService } from '../testing/service.js';
import { version } from '../version.js';
import { introspect } from './introspection.js';
import { standardXml } from './standard-xml.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const data = (name: string) => readFileSync(`${root}data/${name}`, 'utf8');
const parser = new XMLParser({ preserveOrder: true, ignoreAttributes: false, attributeNamePrefix: '' });

/** The `<interface>` elements anywhere below, by name, as plain data without white space. */
function interfacesIn(xml: string): ReadonlyMap<string, unknown> {
  const found = new Map<string, unknown>();
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) walk(item);
    else if (typeof value === 'object' && value !== null) {
      const attributes = ':@' in value ? (value[':@'] as Record<string, string>) : {};
      if ('interface' in value) found.set(attributes['name'] ?? '', value);
      else for (const item of Object.values(value)) walk(item);
    }
  };
  walk(parser.parse(xml));
  return found;
}

function methodNames(table: object): readonly string[] {
  return Object.entries(table)
    .flatMap(([name, entry]) => Object.keys(entry).map((method) => `${name}.${method}`))
    .toSorted();
}

describe('the contract', () => {
  it('is what is served, on every interface', async () => {
    const written = interfacesIn(data('me.phyllo.Vgpu1.xml'));
    expect([...written.keys()].toSorted()).toEqual(Object.values(interfaces).toSorted());
    const host = makeHost();
    const [parent] = (await host.nodeDevices.list()).parents;
    const [type] = parent?.types ?? [];
    if (parent === undefined || type === undefined) throw new Error('no type');
    const uuid = crypto.randomUUID() as never;
    await host.nodeDevices.define({ uuid, parent: parent.name, typeId: type.typeId, attributes: [] });
    const { service } = await startService(host);
    const served = new Map<string, unknown>();
    for (const path of service.objects().keys()) {
      const xml = introspect(service.objects(), path) ?? '';
      expect(XMLValidator.validate(xml)).toBe(true);
      for (const [name, element] of interfacesIn(xml)) served.set(name, element);
    }
    for (const name of Object.keys(standardXml)) served.delete(name);
    expect(served).toEqual(written);
  });

  it('has a line in the method table for every method and no other', () => {
    const published = Object.fromEntries(Object.entries(contract).map(([name, entry]) => [name, entry.methods]));
    expect(methodNames(methodTable)).toEqual(methodNames(published));
  });

  it('ends every changing method in options that know auth.no_user_interaction', () => {
    for (const { name, method, spec } of changingMethods()) {
      expect(spec.in.at(-1), `${name}.${method}`).toEqual({ name: 'options', type: 'a{sv}' });
      expect(spec.options, `${name}.${method}`).toHaveProperty(['auth.no_user_interaction'], 'b');
    }
  });

  it('is what the generated files were made from', () => {
    expect(() =>
      execFileSync(process.execPath, [`${root}scripts/generate.mjs`, '--check'], { stdio: 'pipe' }),
    ).not.toThrow();
  });

  it('names the version of package.json', () => {
    expect(JSON.parse(readFileSync(`${root}package.json`, 'utf8'))).toMatchObject({ version });
  });
});

describe('the data files', () => {
  it.each(readdirSync(`${root}data`).filter((name) => /\.(xml|conf|policy)$/.test(name)))(
    '%s is well-formed',
    (name) => {
      expect(XMLValidator.validate(data(name))).toBe(true);
    },
  );

  it('have exactly the polkit actions that are used, owned by vgpud, none without authentication', () => {
    const policy = data('me.phyllo.vgpu1.policy');
    const ids = [...policy.matchAll(/<action id="([^"]+)">/g)].map(([, id]) => id);
    expect(ids.toSorted()).toEqual(Object.values(polkitActions).toSorted());
    expect([...policy.matchAll(/policykit\.owner">unix-user:vgpud</g)]).toHaveLength(ids.length);
    expect([...policy.matchAll(/<allow_(any|inactive)>auth_admin<\//g)]).toHaveLength(2 * ids.length);
    expect(policy).not.toMatch(/>yes</);
  });

  it('let callers reach exactly the interfaces that have methods', () => {
    const allowed = [...data('me.phyllo.Vgpu1.conf').matchAll(/send_interface="([^"]+)"/g)].map(([, name]) => name);
    const withMethods = Object.entries(contract).flatMap(([name, entry]) =>
      Object.keys(entry.methods).length > 0 ? [name] : [],
    );
    expect(allowed.toSorted()).toEqual([...withMethods, ...Object.keys(standardXml)].toSorted());
  });
});
