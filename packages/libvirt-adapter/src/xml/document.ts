// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '@vgpu/core';
import { XMLParser } from 'fast-xml-parser';

/** An element as it stands in a document; values are raw: `decodeXml` reads them. */
export interface XmlElement {
  /** As written, with its prefix: `libosinfo:os`. */
  readonly name: string;
  /** Raw values by name as written. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlNode[];
  /** Offset of `<` in the document's text. */
  readonly start: number;
  /** Offset behind the last `>` of the element. */
  readonly end: number;
}

export type XmlNode =
  | { readonly kind: 'element'; readonly element: XmlElement }
  | { readonly kind: 'text'; readonly raw: string }
  | { readonly kind: 'cdata'; readonly text: string };

/** No XML name begins like this, so no name of a document can meet a name that JavaScript or the parser reserves. */
const guard = '<';
const attributePrefix = '@';

/**
 * Raw mode: nothing is trimmed, decoded or converted, the order is kept, and every element knows where it stands.
 * Over libvirt's own test documents every other setting loses content.
 */
const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: attributePrefix,
  preserveOrder: true,
  commentPropName: '#comment',
  cdataPropName: '#cdata',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  processEntities: false,
  captureMetaData: true,
  // Nobody asks for paths, and building them costs a quarter of the time.
  jPath: false,
  // Called twice for `<a/>`.
  transformTagName: (name) => (name.startsWith(guard) ? name : guard + name),
  // libxml2 stops at 256, so that libvirt never sends more.
  maxNestedTags: 512,
});
const positions = XMLParser.getMetaDataSymbol() as unknown as symbol;

/**
 * Reads a document and returns its root.
 * @throws DeviceError Internal when it is not well-formed: libvirt does not send such a document.
 */
export function parseXml(text: string): XmlElement {
  let nodes: unknown;
  try {
    nodes = parser.parse(withoutInstructions(text));
  } catch (cause) {
    throw malformed(cause);
  }
  const roots = toNodes(nodes, text).filter((node) => node.kind === 'element');
  if (roots.length !== 1 || roots[0] === undefined) throw malformed();
  return roots[0].element;
}

/**
 * The parser would take an apostrophe in a processing instruction for the beginning of a value. Blanks keep every
 * position where it is. What is not closed is taken to its end, or each of many beginnings would be searched for one.
 */
function withoutInstructions(text: string): string {
  return text.replace(
    /(<\?[^]*?\?>)|<\?[^]*|<!--(?:[^]*?-->|[^]*)|<!\[CDATA\[(?:[^]*?\]\]>|[^]*)/g,
    (found, instruction?: string) => (instruction === undefined ? found : ' '.repeat(found.length)),
  );
}

function toNodes(nodes: unknown, text: string): XmlNode[] {
  if (!Array.isArray(nodes)) throw malformed();
  const result: XmlNode[] = [];
  for (const node of nodes as readonly Record<string | symbol, unknown>[]) {
    const key = Object.keys(node).find((name) => name !== ':@');
    if (key === undefined) throw malformed();
    if (key.startsWith(guard))
      result.push({ kind: 'element', element: toElement(key.slice(guard.length), node, text) });
    else if (key === '#text') result.push({ kind: 'text', raw: String(node[key]) });
    else if (key === '#cdata') result.push({ kind: 'cdata', text: innerText(node[key]) });
  }
  return result;
}

function toElement(name: string, node: Record<string | symbol, unknown>, text: string): XmlElement {
  const { startIndex: start, endIndex: end } = (node[positions] ?? {}) as { startIndex?: number; endIndex?: number };
  if (start === undefined || end === undefined || !standsAt(text, start, end, name)) throw malformed();
  const attributes = new Map<string, string>();
  for (const [key, value] of Object.entries((node[':@'] ?? {}) as Record<string, unknown>)) {
    attributes.set(key.slice(attributePrefix.length), String(value));
  }
  return { name, attributes, children: toNodes(node[guard + name], text), start, end };
}

/** The parser lets tags that do not match pass; an element must begin and end with its own name. */
function standsAt(text: string, start: number, end: number, name: string): boolean {
  if (name === '' || !text.startsWith(`<${name}`, start)) return false;
  if (text.startsWith('/>', end - 2)) return true;
  const close = text.lastIndexOf('</', end - 1);
  return close > start && text.slice(close + 2, end - 1).trimEnd() === name;
}

function innerText(children: unknown): string {
  const [first] = children as readonly Record<string, unknown>[];
  return String(first?.['#text'] ?? '');
}

function malformed(cause?: unknown): DeviceError {
  return new DeviceError('Internal', "libvirt's document is not well-formed XML", { cause });
}

/** Child elements, of one name when it is given. */
export function elements(parent: XmlElement | undefined, name?: string): XmlElement[] {
  const found: XmlElement[] = [];
  for (const node of parent?.children ?? []) {
    if (node.kind === 'element' && (name === undefined || node.element.name === name)) found.push(node.element);
  }
  return found;
}

/** The first child of each name in turn; undefined where one is missing. */
export function descend(parent: XmlElement | undefined, ...path: readonly string[]): XmlElement | undefined {
  let element = parent;
  for (const name of path) element = elements(element, name)[0];
  return element;
}

/** The decoded value; undefined when the element or the attribute is missing. */
export function attribute(element: XmlElement | undefined, name: string): string | undefined {
  const raw = element?.attributes.get(name);
  // XML's normalization: a literal line break or tab in an attribute is a space.
  return raw === undefined ? undefined : decodeXml(raw.replace(/[\t\n\r]/g, ' '));
}

/** The element's own text, decoded, with CDATA; undefined when the element is missing. */
export function textOf(element: XmlElement | undefined): string | undefined {
  if (element === undefined) return undefined;
  return element.children
    .map((node) => (node.kind === 'text' ? decodeXml(node.raw) : node.kind === 'cdata' ? node.text : ''))
    .join('');
}

const entities: ReadonlyMap<string, string> = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
]);

/** Replaces XML's five entities and character references; anything else stays as it is. */
export function decodeXml(raw: string): string {
  if (!raw.includes('&')) return raw;
  return raw.replace(
    /&(?:#(\d{1,7})|#x([0-9A-Fa-f]{1,6})|([a-z]+));/g,
    (whole, decimal?: string, hex?: string, name?: string) => {
      if (name !== undefined) return entities.get(name) ?? whole;
      const point = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number.parseInt(decimal, 10);
      return point > 0 && point <= 0x10ffff ? String.fromCodePoint(point) : whole;
    },
  );
}

const escapes: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '"': '&quot;',
  "'": '&apos;',
};

/**
 * A value as text or attribute of a document, in either kind of quotes.
 * @throws DeviceError InvalidArgument when it holds a character that XML 1.0 cannot carry.
 */
export function encodeXml(value: string): string {
  // eslint-disable-next-line no-control-regex -- these are the characters that XML forbids
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/u.test(value)) {
    throw new DeviceError('InvalidArgument', 'a value holds a character that XML cannot carry');
  }
  return value
    .replace(/[<>&"']/g, (character) => escapes[character] ?? character)
    .replace(/[\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** An element's namespace, from its own `xmlns` or an ancestor's, nearest first; undefined when none is declared. */
export function namespaceOf(element: XmlElement, ...ancestors: readonly XmlElement[]): string | undefined {
  const colon = element.name.indexOf(':');
  const declaration = colon === -1 ? 'xmlns' : `xmlns:${element.name.slice(0, colon)}`;
  for (const scope of [element, ...ancestors]) {
    const uri = attribute(scope, declaration);
    if (uri !== undefined) return uri;
  }
  return undefined;
}

/** The name without its prefix. */
export function localName(element: XmlElement): string {
  return element.name.slice(element.name.indexOf(':') + 1);
}
