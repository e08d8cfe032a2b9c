// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exitStatusByErrorCode, planStepIds } from '@vgpu/core';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { describe, expect, it } from 'vitest';
import { polkitActions } from '../auth/polkit-actions.js';
import { stopTimeoutMs } from '../limits.js';
import { methodTable } from '../methods/table.js';
import { contract } from '../protocol/contract.js';
import { diffWithheld, interfaces } from '../protocol/names.js';
import { changingMethods } from '../testing/changing-methods.js';
import { domainCall } from '../testing/calls.js';
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

const prose = (text: string, argument = '@short_description: x') => `<!--\n${text}:\n${argument}\n\nText.\n-->`;
const signal = (type: string) => `<signal name="AB"><arg name="x" type="${type}"/></signal>`;
const propertyWithKeys = `<property name="AB" type="a{sv}" access="read">
  <annotation name="me.phyllo.Vgpu1.Keys" value="size:u"/></property>`;
const methodWithSteps = `<method name="AB"><arg name="x" type="aa{sv}" direction="out">
  <annotation name="me.phyllo.Vgpu1.Keys" value="id:s"/>
  <annotation name="me.phyllo.Vgpu1.StepArgs" value="do-it(size:u)"/></arg></method>`;

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
    // Without a change there is no operation.
    await service.callMethod(domainCall('Start'));
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

  it('ends every changing method in options that know auth.no_user_interaction and operation_id', () => {
    for (const { name, method, spec } of changingMethods()) {
      expect(spec.in.at(-1), `${name}.${method}`).toEqual({ name: 'options', type: 'a{sv}' });
      expect(spec.options, `${name}.${method}`).toMatchObject({ 'auth.no_user_interaction': 'b', operation_id: 's' });
    }
  });

  it('is what the generated files were made from', () => {
    expect(() =>
      execFileSync(process.execPath, [`${root}scripts/generate.mjs`, '--check'], { stdio: 'pipe' }),
    ).not.toThrow();
  });

  it.each([
    ['where a name holds an entity', prose('AB'), '<property name="A&#66;" type="s" access="read"/>', /is no name/],
    ['where a name holds a blank', prose('AB'), '<property name="AB " type="s" access="read"/>', /is no name/],
    ['without prose', '', '<property name="AB" type="s" access="read"/>', /AB has no prose/],
    ['where keys are not listed', prose('AB'), '<property name="AB" type="a{sv}" access="read"/>', /not list its keys/],
    ['where a key is not explained', prose('AB'), propertyWithKeys, /AB does not explain `size`/],
    ["where a step's arg is not explained", prose('AB', '@x: `id`.'), methodWithSteps, /AB does not explain `size`/],
    ['where an argument is not explained', prose('AB'), signal('i'), /does not explain @x/],
    ['where a signal does not list keys', prose('AB', '@x: An x.'), signal('a{sv}'), /@x of AB does not list its keys/],
  ])('is refused %s', (_what, comment, member, message) => {
    const directory = mkdtempSync(join(tmpdir(), 'vgpud-contract-'));
    try {
      const file = join(directory, 'contract.xml');
      writeFileSync(file, `<node>${prose('a.B')}<interface name="a.B">${comment}${member}</interface></node>`);
      const read = `import(process.argv[1]).then(({ readContract }) => readContract(process.argv[2]))`;
      const script = `${root}scripts/contract.mjs`;
      const run = () => execFileSync(process.execPath, ['-e', read, script, file], { stdio: 'pipe' });
      expect(run).toThrow(message);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it.each([...planStepIds, diffWithheld])('explains the step %s', (id) => {
    expect(data('me.phyllo.Vgpu1.xml')).toContain(`\`${id}\``);
  });

  it.each(Object.keys(exitStatusByErrorCode))('says of the error %s what it means and what to do', (code) => {
    const docs = readFileSync(`${root}../../docs/dbus-api.md`, 'utf8');
    expect(docs).toMatch(new RegExp(`^- \\*\\*${code}\\*\\*: \\S.+\\. To do: \\S.+\\.$`, 'm'));
  });

  it('names the version of package.json', () => {
    expect(JSON.parse(readFileSync(`${root}package.json`, 'utf8'))).toMatchObject({ version });
  });
});

/** A setting of the unit; undefined where it has none. */
const setting = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(data('vgpud.service'))?.[1];

describe('the unit', () => {
  it('leaves room beside the heap, which ends with a message before the kernel kills the process', () => {
    const [, heapMiB] = /--max-old-space-size=(\d+) /.exec(setting('ExecStart') ?? '') ?? [];
    const [, limitMiB] = /^(\d+)M$/.exec(setting('MemoryMax') ?? '') ?? [];
    expect(Number(heapMiB)).toBeGreaterThanOrEqual(128);
    expect(Number(limitMiB) - Number(heapMiB)).toBeGreaterThanOrEqual(128);
  });

  it('waits longer for the end than a running change may take', () => {
    expect(Number(setting('TimeoutStopSec')) * 1000).toBeGreaterThan(stopTimeoutMs);
  });

  it('starts it again whatever ended it, but not when it ended since nobody needs it', () => {
    expect(setting('ExecStart')).toMatch(/ --exit-when-idle 60$/);
    expect(setting('Restart')).toBe('always');
    expect(setting('RestartPreventExitStatus')).toBe('0');
  });

  it('is what activation starts: with systemd itself, without it the same program as the same user', () => {
    const activation = data('me.phyllo.Vgpu1.service');
    expect(activation).toContain('\nSystemdService=vgpud.service\n');
    expect(activation).toContain(`\nExec=${setting('ExecStart')}\n`);
    expect(activation).toContain(`\nUser=${setting('User')}\n`);
    expect(activation).toContain(`\nName=${setting('BusName')}\n`);
  });

  it('is one that systemd understands', () => {
    const directory = mkdtempSync(join(tmpdir(), 'vgpud-unit-'));
    try {
      // The program is where the package installs it; what is looked at here is everything else.
      const unit = data('vgpud.service').replace(/^ExecStart=.*$/m, 'ExecStart=/bin/true');
      writeFileSync(join(directory, 'vgpud.service'), unit);
      const { status, stderr } = spawnSync('systemd-analyze', ['verify', join(directory, 'vgpud.service')], {
        encoding: 'utf8',
        env: { ...process.env, SYSTEMD_UNIT_PATH: `${directory}:` },
      });
      expect(stderr.split('\n').filter((line) => line.includes('vgpud.service'))).toEqual([]);
      expect(status).toBe(0);
    } finally {
      rmSync(directory, { recursive: true });
    }
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
    const allowed = [
      ...data('me.phyllo.Vgpu1.conf').matchAll(/send_destination="me.phyllo.Vgpu1" send_interface="([^"]+)"/g),
    ].map(([, name]) => name);
    const withMethods = Object.entries(contract).flatMap(([name, entry]) =>
      Object.keys(entry.methods).length > 0 ? [name] : [],
    );
    expect(allowed.toSorted()).toEqual([...withMethods, ...Object.keys(standardXml)].toSorted());
  });
});
