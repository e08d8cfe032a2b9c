// SPDX-License-Identifier: LGPL-2.1-or-later

/** One complete D-Bus type as a tree. */
export type TypeNode =
  | { readonly kind: 'basic'; readonly type: BasicType }
  | { readonly kind: 'variant' }
  | { readonly kind: 'array'; readonly element: TypeNode }
  | { readonly kind: 'dictionary'; readonly key: BasicType; readonly value: TypeNode }
  | { readonly kind: 'struct'; readonly members: readonly TypeNode[] };

const basicTypes = 'ybnqiuxtdsog';
type BasicType = 'y' | 'b' | 'n' | 'q' | 'i' | 'u' | 'x' | 't' | 'd' | 's' | 'o' | 'g';

/** File descriptors (`h`) are no part of it: none travel to or from this service. */
export class SignatureError extends Error {}

const known = new Map<string, readonly TypeNode[]>();

/** Splits a signature into its complete types. @throws SignatureError */
export function parseSignature(signature: string): readonly TypeNode[] {
  const cached = known.get(signature);
  if (cached !== undefined) return cached;
  const nodes: TypeNode[] = [];
  let rest = signature;
  while (rest !== '') {
    const [node, remaining] = parseOne(rest);
    nodes.push(node);
    rest = remaining;
  }
  // Signatures come from callers too: what is remembered is bounded.
  if (known.size < 256) known.set(signature, nodes);
  return nodes;
}

function parseOne(text: string): [TypeNode, string] {
  const type = text.charAt(0);
  if (type !== '' && basicTypes.includes(type)) return [{ kind: 'basic', type: type as BasicType }, text.slice(1)];
  if (type === 'v') return [{ kind: 'variant' }, text.slice(1)];
  if (type === '(') return parseStruct(text);
  if (type === 'a' && text.charAt(1) === '{') return parseDictionary(text);
  if (type === 'a') {
    const [element, rest] = parseOne(text.slice(1));
    return [{ kind: 'array', element }, rest];
  }
  throw new SignatureError(`no complete type at ${JSON.stringify(text)}`);
}

function parseStruct(text: string): [TypeNode, string] {
  const members: TypeNode[] = [];
  let rest = text.slice(1);
  while (!rest.startsWith(')')) {
    const [member, remaining] = parseOne(rest);
    members.push(member);
    rest = remaining;
  }
  if (members.length === 0) throw new SignatureError('empty struct');
  return [{ kind: 'struct', members }, rest.slice(1)];
}

function parseDictionary(text: string): [TypeNode, string] {
  const key = text.charAt(2);
  if (key === '' || !basicTypes.includes(key)) throw new SignatureError('a dictionary key is no basic type');
  const [value, rest] = parseOne(text.slice(3));
  if (!rest.startsWith('}')) throw new SignatureError('a dictionary entry has not two members');
  return [{ kind: 'dictionary', key: key as BasicType, value }, rest.slice(1)];
}
