// SPDX-License-Identifier: LGPL-2.1-or-later
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { DeviceError, parseUuid, type DomainEdit, type ErrorCode, type MdevHostdev } from '@vgpu/core';
import {
  editDomain,
  parseDomain,
  parseXml,
  readDomain,
  readNodeDevice,
  readRememberedVideos,
} from '@vgpu/libvirt-adapter/documents';
import { canonical, expatTrees, find, readCorpus, toTree, type CorpusDocument, type Tree } from './documents.js';
import { SourceUnavailable, fetchSource, type SourcePackage } from './source-package.js';

const source = JSON.parse(readFileSync(join(import.meta.dirname, 'source.json'), 'utf8')) as SourcePackage;
const timeoutMs = 300_000;

let corpus: readonly CorpusDocument[] = [];
let missing: string | undefined;

beforeAll(async () => {
  try {
    corpus = readCorpus(await fetchSource(source));
  } catch (error) {
    if (!(error instanceof SourceUnavailable)) throw error;
    missing = error.message;
  }
}, timeoutMs);

/** The documents with this root. Without the package the test is skipped, which CI does not allow. */
function documents(context: TestContext, root?: string): readonly CorpusDocument[] {
  if (missing !== undefined) {
    const reason = `libvirt's own documents are not here: ${missing}`;
    if (process.env['CI']) throw new Error(reason);
    context.skip(reason);
  }
  return corpus.filter(({ tree }) => root === undefined || tree[0] === root);
}

const hostdev: MdevHostdev = {
  kind: 'mdev',
  uuid: parseUuid('7686131b-b229-4768-a02c-35d1dbed7c66'),
  model: 'vfio-pci',
  display: false,
  ramfb: false,
};

describe(`the documents of libvirt ${source.version}'s own tests`, { timeout: timeoutMs }, () => {
  it('are read without loss: elements, attributes and text are those that expat reads', (context) => {
    const all = documents(context);
    expect(all.length).toBeGreaterThan(3_300);
    const different = all.filter(({ text, tree }) => {
      const read = outcome(() => toTree(parseXml(text)));
      return typeof read === 'string' || !isEqual(read, tree);
    });
    expect(names(different)).toEqual([]);
  });

  it('give a node device each', (context) => {
    const devices = documents(context, 'device').filter(({ name }) => name.startsWith('nodedev'));
    expect(devices.length).toBeGreaterThan(50);
    expect(names(devices.filter(({ text }) => outcome(() => readNodeDevice(text)) === 'Internal'))).toEqual([]);
  });

  it('give a domain each, but for those without a name or a UUID, which libvirt would add', (context) => {
    const domains = documents(context, 'domain');
    expect(domains.length).toBeGreaterThan(2_000);
    const without = domains.filter(({ tree }) => find(tree, 'name') === undefined || find(tree, 'uuid') === undefined);
    expect(without).toHaveLength(22);
    expect(names(domains.filter(({ text }) => outcome(() => readDomain(text)) === 'Internal'))).toEqual(names(without));
  });

  it('lose no byte when a vGPU comes and goes', (context) => {
    const different = editable(documents(context, 'domain')).filter(({ text }) => {
      const edits: DomainEdit[] = [
        { kind: 'add-mdev-hostdev', hostdev },
        { kind: 'remove-mdev-hostdev', uuid: hostdev.uuid },
      ];
      return editDomain(text, edits) !== text;
    });
    expect(names(different)).toEqual([]);
  });

  it('say the same after a vGPU was assigned, with the videos remembered, and unassigned', (context) => {
    const domains = editable(documents(context, 'domain'));
    expect(domains.length).toBeGreaterThan(2_000);
    const results = domains.map((document) => ({ document, result: outcome(() => assignAndUnassign(document.text)) }));
    const refusals = results.filter(({ result }) => typeof result === 'string');
    // A video device with a render node of the host is the only one that cannot be brought back.
    expect(refusals.map(({ document, result }) => [document.name, result])).toEqual(
      ['video-ats', 'video-iommu', 'video-packed', ''].map((kind) => [
        `qemuxml2argvdata/virtio-options${kind && `-${kind}`}.xml`,
        'NotSupported',
      ]),
    );
    const edited = results.flatMap(({ document, result }) => (typeof result === 'string' ? [] : { document, result }));
    const trees = expatTrees(edited.flatMap(({ result: { assigned, after } }) => [assigned, after]));
    const different = edited.filter(({ document }, index) => {
      const [assigned, after] = trees.slice(index * 2, index * 2 + 2);
      if (assigned === null || assigned === undefined || after === null || after === undefined) return true;
      return (
        isEqual(comparable(assigned), comparable(document.tree)) ||
        !isEqual(comparable(after), comparable(document.tree))
      );
    });
    expect(names(different.map(({ document }) => document))).toEqual([]);
  });
});

/** Domains that can be read and have devices: libvirt prints no other. */
function editable(domains: readonly CorpusDocument[]): readonly CorpusDocument[] {
  return domains.filter(({ tree }) => ['name', 'uuid', 'devices'].every((name) => find(tree, name) !== undefined));
}

function assignAndUnassign(text: string): { assigned: string; after: string } {
  const { devices } = readDomain(text);
  const remembered = readRememberedVideos(parseDomain(text));
  const edits: DomainEdit[] = [
    { kind: 'add-mdev-hostdev', hostdev },
    { kind: 'set-video-none' },
    { kind: 'remember-videos', videos: devices.videos },
  ];
  const assigned = editDomain(text, edits);
  const kept = readRememberedVideos(parseDomain(assigned));
  const undo: DomainEdit[] = [
    { kind: 'remove-mdev-hostdev', uuid: hostdev.uuid },
    { kind: 'set-videos', videos: kept ?? [] },
    { kind: 'remember-videos', videos: remembered },
  ];
  return { assigned, after: editDomain(assigned, undo) };
}

/** A video's address is libvirt's to give; so is an alias that no user gave. */
function comparable(tree: Tree): Tree {
  return canonical(
    tree,
    (path, [, attributes]) =>
      path === 'domain/devices/video/address' ||
      (path === 'domain/devices/video/alias' && !attributes['name']?.startsWith('ua-')),
  );
}

function names(all: readonly CorpusDocument[]): readonly string[] {
  return all.map(({ name }) => name);
}

/** The value, or the code of a DeviceError; any other throw fails the test. */
function outcome<T extends object>(act: () => T): T | ErrorCode {
  try {
    return act();
  } catch (error) {
    if (error instanceof DeviceError) return error.code;
    throw error;
  }
}

function isEqual(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
