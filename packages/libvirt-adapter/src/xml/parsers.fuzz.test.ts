// SPDX-License-Identifier: LGPL-2.1-or-later
import { readdirSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { DeviceError, parseUuid, type DomainEdit, type MdevHostdev } from '@vgpu/core';
import { fuzz } from '@vgpu/core/testing';
import { editDomain } from '../domain-edit/apply-edits.js';
import { formatDomainDiff, redactSecrets } from '../domain-edit/diff.js';
import { splitShellWords, withoutEnvironment } from '../domain-edit/shell-words.js';
import { readRememberedVideos } from '../domain-edit/videos.js';
import { formatPublicUri } from '../public-uri.js';
import { codeOf, fixture } from '../testing.js';
import { decodeXml, encodeXml, parseXml } from './document.js';
import { parseDomain, readDomain } from './domain.js';
import { readNodeDevice } from './node-device.js';

const iterations = Number(process.env['FUZZ_ITERATIONS'] || 150);
const seed = Number(process.env['FUZZ_SEED'] || 1);
/** Per text of up to some megabytes, on a machine that does other things too. */
const longestMs = 2_000;
const timeoutMs = 60_000 + iterations * 60;

const folder = 'libvirt-9.0.0';
const fixtures = readdirSync(new URL(`../../fixtures/${folder}/`, import.meta.url));
const documents = (prefix: string): string[] =>
  fixtures.filter((name) => name.startsWith(prefix)).map((name) => fixture(`${folder}/${name}`));

const hostdev: MdevHostdev = {
  kind: 'mdev',
  uuid: parseUuid('0f0f0f0f-b229-4768-a02c-35d1dbed7c66'),
  model: 'vfio-pci',
  display: false,
  ramfb: false,
};
const add: DomainEdit = { kind: 'add-mdev-hostdev', hostdev };
const remove: DomainEdit = { kind: 'remove-mdev-hostdev', uuid: hostdev.uuid };

function isRefusal(error: unknown): boolean {
  return error instanceof DeviceError;
}

/** Ends a call that never returns, so that the failure can name its text. */
function guard(run: () => void): void {
  runInNewContext('run()', { run }, { timeout: 60_000 });
}

/** @returns how many texts were not refused */
function check(seeds: readonly string[], xml: boolean, act: (text: string) => void): number {
  return fuzz({ seeds, xml, act, isRefusal, guard, seed, iterations, longestMs }).taken;
}

describe(
  'broken and hostile texts are read or refused, in time, and change nothing else',
  { timeout: timeoutMs },
  () => {
    it('documents', () => {
      expect(check(documents(''), true, parseXml)).toBeGreaterThan(0);
    });

    it('node devices', () => {
      expect(check(documents('node-device'), true, readNodeDevice)).toBeGreaterThan(0);
    });

    it('domains, also their metadata', () => {
      const [desktop = ''] = documents('domain');
      const videos = readDomain(desktop).devices.videos;
      const remembered = editDomain(desktop, [{ kind: 'remember-videos', videos }]);
      const taken = check([...documents('domain'), remembered], true, (text) => {
        readDomain(text);
        readRememberedVideos(parseDomain(text));
      });
      expect(taken).toBeGreaterThan(0);
    });

    it('edits: what can be edited is still a document, and the inverse gives the same one', () => {
      const taken = check(documents('domain'), true, (text) => {
        const { videos } = readDomain(text).devices;
        const assigned = editDomain(text, [add, { kind: 'set-video-none' }, { kind: 'remember-videos', videos }]);
        readDomain(assigned);
        formatDomainDiff('fuzz', text, assigned);
        const back = editDomain(editDomain(text, [add]), [remove]);
        // An element that was empty has a line break in it afterwards.
        const same = /<devices[^<>]*\/>/.test(text)
          ? isDeepStrictEqual(readDomain(back), readDomain(text))
          : back === text;
        if (!same) throw new Error('the inverse left something');
      });
      expect(taken).toBeGreaterThan(0);
    });

    it('shell words', () => {
      const command = String.raw`LC_ALL=C PATH='/usr/bin:/bin' /usr/bin/qemu-system-x86_64 -name 'guest=a b,debug=on' \
-object '{"qom-type":"secret","id":"m","file":"/x \"y\""}' -append "a \$b \"c\"" -device vfio-pci,id=h\ 0`;
      expect(check([command], false, (text) => withoutEnvironment(splitShellWords(text)))).toBe(iterations);
    });

    it('values, encoded and decoded again', () => {
      const seeds = ['a & b < c > "d" \'e\' \t\n\r é 𝄞', '&#10;&amp;&#x1D11E;&nothing;'];
      const taken = check(seeds, true, (text) => {
        decodeXml(text);
        if (decodeXml(encodeXml(text)) !== text) throw new Error('another value came back');
      });
      expect(taken).toBeGreaterThan(0);
    });

    it('URIs', () => {
      const seeds = ['qemu+ssh://user:secret@host:22/system?keyfile=/k&command=/bin/x', 'qemu:///system', 'test:////a'];
      expect(check(seeds, false, formatPublicUri)).toBe(iterations);
    });
  },
);

// What is repeated here is read to its end for each of its beginnings by an expression that does not take care.
it.each([
  ['<!--', ''],
  ['<![CDATA[', ''],
  ['<?', ''],
  ['<?a', '?>'],
  ['<!DOCTYPE ', ''],
  ['<a b="', ''],
  ['<a ', ''],
  ['<cookie', ''],
  ['<cookie>', ''],
  ['</a', ''],
  [' passwd =', ''],
  ['&', ';'],
  ['&#1', ''],
  ['\n ', ''],
  ['"', ''],
  ['\\', ''],
])('256 KiB of %j are read or refused in time', { timeout: 30_000 }, (part, end) => {
  const many = part.repeat((256 * 1024) / part.length) + end;
  const [desktop = ''] = documents('domain');
  const inText = desktop.replace('</name>', () => `${many}</name>`);
  const inAttribute = desktop.replace("type='kvm'", () => `type='${many}'`);
  const started = performance.now();
  for (const text of [many, `${desktop}${many}`, inText, inAttribute]) {
    codeOf(() => readDomain(text));
    codeOf(() => editDomain(text, [add]));
    splitShellWords(text);
    formatPublicUri(text);
    redactSecrets(text);
  }
  expect(performance.now() - started).toBeLessThan(4 * longestMs);
});
