// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { decodeXml, type XmlElement, type XmlNode } from '@vgpu/libvirt-adapter/documents';

/** A file of libvirt's tests. */
export interface CorpusDocument {
  /** Below libvirt's `tests`. */
  readonly name: string;
  readonly text: string;
  /** What expat reads in it. */
  readonly tree: Tree;
}

/** An element: name, attributes, and children that are elements or text. */
export type Tree = readonly [name: string, attributes: Readonly<Record<string, string>>, (Tree | string)[]];

/** Every well-formed XML file of libvirt's tests; those that are links to another one are left out. */
export function readCorpus(archive: string): readonly CorpusDocument[] {
  const files = runExpat([archive]) as readonly (readonly [name: string, text: string, tree: Tree | null])[];
  return files
    .flatMap(([name, text, tree]) => (tree === null ? [] : { name, text, tree }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** What Python's expat reads in each text; null for one that is not well-formed. */
export function expatTrees(texts: readonly string[]): readonly (Tree | null)[] {
  return runExpat([], JSON.stringify(texts)) as readonly (Tree | null)[];
}

function runExpat(args: readonly string[], input = ''): unknown {
  const program = ['-I', '-S', join(import.meta.dirname, 'trees.py'), ...args];
  return JSON.parse(execFileSync('/usr/bin/python3', program, { input, encoding: 'utf8', maxBuffer: 1 << 28 }));
}

/** What our parser read, in the same words. */
export function toTree(element: XmlElement): Tree {
  const attributes = Object.fromEntries(
    [...element.attributes].map(([name, raw]) => [name, decodeXml(raw.replace(/[\t\n\r]/g, ' '))]),
  );
  const children: (Tree | string)[] = [];
  for (const node of element.children) {
    if (node.kind === 'element') {
      children.push(toTree(node.element));
      continue;
    }
    const text = textOf(node);
    const last = children.at(-1);
    if (typeof last === 'string') children[children.length - 1] = last + text;
    else if (text !== '') children.push(text);
  }
  return [element.name, attributes, children];
}

function textOf(node: Exclude<XmlNode, { kind: 'element' }>): string {
  return node.kind === 'text' ? decodeXml(node.raw) : node.text;
}

/** Attributes sorted, no white space between elements; `drop` says which elements, by their path, do not count. */
export function canonical(tree: Tree, drop: (path: string, element: Tree) => boolean, path = tree[0]): Tree {
  const children = tree[2].flatMap((child): (Tree | string)[] => {
    if (typeof child === 'string') return child.trim() === '' ? [] : [child];
    const below = `${path}/${child[0]}`;
    return drop(below, child) ? [] : [canonical(child, drop, below)];
  });
  return [tree[0], sorted(tree[1]), children];
}

function sorted(attributes: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(attributes).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** The first element at a path of names below a tree's root; undefined when there is none. */
export function find(tree: Tree, ...path: readonly string[]): Tree | undefined {
  let found: Tree | undefined = tree;
  for (const name of path) {
    found = found?.[2].find((child): child is Tree => typeof child !== 'string' && child[0] === name);
  }
  return found;
}
