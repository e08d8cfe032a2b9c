// SPDX-License-Identifier: LGPL-2.1-or-later
import { elements, encodeXml, type XmlElement } from '../xml/document.js';

/** An element to write: names are constants of ours, values are encoded when it is printed. */
export interface NewElement {
  readonly name: string;
  readonly attributes: readonly (readonly [name: string, value: string])[];
  readonly children: readonly NewElement[];
}

export function newElement(
  name: string,
  attributes: Readonly<Record<string, string | undefined>> = {},
  children: readonly NewElement[] = [],
): NewElement {
  const present = Object.entries(attributes).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { name, attributes: present, children };
}

/** The document without the element and without the line break and indentation before it. */
export function removeElement(text: string, element: XmlElement): string {
  return text.slice(0, lineStart(text, element)) + text.slice(element.end);
}

/** The document with one element in the place of another. */
export function replaceElement(text: string, old: XmlElement, added: readonly NewElement[]): string {
  const layout = layoutAt(text, old);
  const printed = added.map((element) => print(element, layout));
  return text.slice(0, old.start) + printed.join(layout.separator) + text.slice(old.end);
}

/** The document with new elements behind a sibling, laid out like it. */
export function insertAfter(text: string, sibling: XmlElement, added: readonly NewElement[]): string {
  const layout = layoutAt(text, sibling);
  const printed = added.map((element) => layout.separator + print(element, layout));
  return text.slice(0, sibling.end) + printed.join('') + text.slice(sibling.end);
}

/** The document with new elements as the first children of one, laid out like the others. */
export function insertFirst(text: string, parent: XmlElement, added: readonly NewElement[]): string {
  const first = elements(parent)[0];
  const own = layoutAt(text, parent);
  const layout = first === undefined ? deeper(own) : layoutAt(text, first);
  const printed = added.map((element) => layout.separator + print(element, layout)).join('');
  const open = startTagEnd(text, parent);
  if (!text.startsWith('/>', open - 2)) return text.slice(0, open) + printed + text.slice(open);
  const tag = text.slice(parent.start, open - 2).trimEnd();
  return `${text.slice(0, parent.start)}${tag}>${printed}${own.separator}</${parent.name}>${text.slice(open)}`;
}

interface Layout {
  /** Between siblings: a line break with the indentation, or nothing where the document has no lines. */
  readonly separator: string;
  readonly quote: '"' | "'";
}

function layoutAt(text: string, element: XmlElement): Layout {
  return { separator: text.slice(lineStart(text, element), element.start), quote: quoteOf(text, element) };
}

function deeper(layout: Layout): Layout {
  if (layout.separator === '') return layout;
  const unit = layout.separator.endsWith('\t') ? '\t' : '  ';
  return { ...layout, separator: layout.separator + unit };
}

/** Where the line break before the element stands; the element's own start when something else precedes it on its line. */
function lineStart(text: string, element: XmlElement): number {
  let index = element.start;
  while (index > 0 && (text[index - 1] === ' ' || text[index - 1] === '\t')) index--;
  if (text[index - 1] !== '\n') return element.start;
  return text[index - 2] === '\r' ? index - 2 : index - 1;
}

/** libvirt prints single quotes, and double ones inside its metadata. */
function quoteOf(text: string, element: XmlElement): '"' | "'" {
  const quote = /=\s*(["'])/.exec(text.slice(element.start, element.end))?.[1] ?? /=\s*(["'])/.exec(text)?.[1];
  return quote === '"' ? '"' : "'";
}

/** Offset behind the `>` of the start tag; a quoted value may hold one. */
function startTagEnd(text: string, element: XmlElement): number {
  const tag = /^<(?:[^>"']|"[^"]*"|'[^']*')*>/.exec(text.slice(element.start, element.end));
  return element.start + (tag?.[0].length ?? 0);
}

function print(element: NewElement, layout: Layout): string {
  // Only metadata has prefixes, and libvirt stores its attributes in double quotes.
  const quote = element.name.includes(':') ? '"' : layout.quote;
  const attributes = element.attributes.map(([name, value]) => ` ${name}=${quote}${encodeXml(value)}${quote}`);
  const tag = `<${element.name}${attributes.join('')}`;
  if (element.children.length === 0) return `${tag}/>`;
  const inner = deeper(layout);
  const children = element.children.map((child) => inner.separator + print(child, inner));
  return `${tag}>${children.join('')}${layout.separator}</${element.name}>`;
}
