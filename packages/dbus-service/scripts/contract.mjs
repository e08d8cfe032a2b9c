// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads data/me.phyllo.Vgpu1.xml with its prose into plain data, and fails where a member has none.
import { readFileSync } from 'node:fs';
import { XMLParser } from 'fast-xml-parser';

// Nothing is trimmed, decoded or converted: what is read is what is written.
const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  commentPropName: '#comment',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  processEntities: false,
});

/** Member and interface names; values of annotations are words and types, and need no other characters either. */
const namePattern = /^[A-Za-z_][\w.]*$/;
const valuePattern = /^[\w.:,(){}\s-]*$/;

const tagOf = (node) => Object.keys(node).find((key) => key !== ':@');
const childrenOf = (node) => node[tagOf(node)];

/** The attributes as they are written; one that would need decoding is refused. */
function attributesOf(node) {
  const attributes = node[':@'] ?? {};
  for (const [key, value] of Object.entries(attributes)) {
    if (!(key === 'name' ? namePattern : valuePattern).test(value)) {
      throw new Error(`${JSON.stringify(value)} is no ${key} of <${tagOf(node)}>`);
    }
  }
  return attributes;
}
/** Every element child with the comment that stands directly before it. */
function* documented(children) {
  let comment;
  for (const child of children) {
    const tag = tagOf(child);
    if (tag === '#comment') comment = child['#comment'][0]['#text'];
    else if (tag !== '#text') {
      yield { tag, node: child, comment };
      comment = undefined;
    }
  }
}

/** `Name:`, then `@arg: text` lines, then paragraphs: the form of gtk-doc and gdbus-codegen. */
function readComment(comment, name) {
  if (comment === undefined) throw new Error(`${name} has no prose`);
  const lines = comment.split('\n').map((line) => line.trim());
  while (lines[0] === '') lines.shift();
  if (lines.shift() !== `${name}:`) throw new Error(`the prose before ${name} does not begin with "${name}:"`);
  const args = {};
  let current;
  while (lines.length > 0 && lines[0] !== '') {
    const line = lines.shift();
    const start = /^@(\w+): (.*)$/.exec(line);
    if (start) args[(current = start[1])] = start[2];
    else args[current] += ` ${line}`;
  }
  const paragraphs = lines
    .join('\n')
    .split(/\n\n+/)
    .map((text) => text.trim().replaceAll('\n', ' '))
    .filter(Boolean);
  if (paragraphs.length === 0) throw new Error(`${name} has no prose`);
  return { args, paragraphs };
}

function readAnnotations(node) {
  const found = {};
  for (const child of childrenOf(node)) {
    if (tagOf(child) === 'annotation') found[attributesOf(child).name] = attributesOf(child).value;
  }
  return found;
}

/** `name:type name:type` */
function readKeys(text) {
  return Object.fromEntries(
    text
      .trim()
      .split(/\s+/)
      .map((word) => word.split(':')),
  );
}

/** `id(name:type name:type) id(name:type)` */
function readStepArgs(text) {
  return Object.fromEntries([...text.matchAll(/([\w-]+)\(([^)]*)\)/g)].map(([, id, keys]) => [id, readKeys(keys)]));
}

function readArg(node, owner, docs) {
  const { name, type, direction } = attributesOf(node);
  if (!name) throw new Error(`${owner} has an argument without a name`);
  if (docs[name] === undefined) throw new Error(`${owner} does not explain @${name}`);
  const annotations = readAnnotations(node);
  const options = annotations['me.phyllo.Vgpu1.Options'];
  const keys = annotations['me.phyllo.Vgpu1.Keys'];
  const stepArgs = annotations['me.phyllo.Vgpu1.StepArgs'];
  return {
    name,
    type,
    direction,
    text: docs[name],
    ...(options && { options: readKeys(options) }),
    ...(keys && { keys: readKeys(keys) }),
    ...(stepArgs && { stepArgs: readStepArgs(stepArgs) }),
  };
}

/** A dictionary lists its keys, and each is explained in the prose or where the first text refers to. */
function checkKeys(owner, { type, options, keys }, prose) {
  if (type.includes('{sv}') && !options && !keys) throw new Error(`${owner} does not list its keys`);
  if (prose[0].includes('see #')) return;
  for (const key of Object.keys(keys ?? {})) {
    if (!prose.join(' ').includes(`\`${key}\``)) throw new Error(`${owner} does not explain \`${key}\``);
  }
}

function readMethod(node, comment) {
  const { name } = attributesOf(node);
  const { args: docs, paragraphs } = readComment(comment, name);
  const args = childrenOf(node)
    .filter((child) => tagOf(child) === 'arg')
    .map((child) => readArg(child, name, docs));
  for (const arg of args) {
    checkKeys(`@${arg.name} of ${name}`, arg, [arg.text, ...paragraphs]);
    const stepKeys = Object.values(arg.stepArgs ?? {}).flatMap((args) => Object.keys(args));
    for (const option of [...Object.keys(arg.options ?? {}), ...stepKeys]) {
      // What every changing method knows is explained once.
      if (option.startsWith('auth.') || option === 'operation_id') continue;
      if (!paragraphs.join(' ').includes(`\`${option}\``)) throw new Error(`${name} does not explain \`${option}\``);
    }
  }
  return {
    name,
    paragraphs,
    in: args.filter((a) => a.direction === 'in'),
    out: args.filter((a) => a.direction === 'out'),
  };
}

function readSignal(node, comment) {
  const { name } = attributesOf(node);
  const { args: docs, paragraphs } = readComment(comment, name);
  const args = childrenOf(node)
    .filter((child) => tagOf(child) === 'arg')
    .map((child) => readArg(child, name, docs));
  for (const arg of args) checkKeys(`@${arg.name} of ${name}`, arg, [arg.text, ...paragraphs]);
  return { name, paragraphs, args };
}

function readProperty(node, comment) {
  const { name, type, access } = attributesOf(node);
  const { paragraphs } = readComment(comment, name);
  const annotations = readAnnotations(node);
  const keys = annotations['me.phyllo.Vgpu1.Keys'];
  checkKeys(name, { type, keys: keys && readKeys(keys) }, paragraphs);
  return {
    name,
    type,
    access,
    emits: annotations['org.freedesktop.DBus.Property.EmitsChangedSignal'] ?? 'true',
    paragraphs,
    ...(keys && { keys: readKeys(keys) }),
  };
}

export function readContract(path) {
  const document = parser.parse(readFileSync(path, 'utf8'));
  const root = document.find((node) => tagOf(node) === 'node');
  const interfaces = [];
  for (const { tag, node, comment } of documented(childrenOf(root))) {
    if (tag !== 'interface') throw new Error(`unexpected <${tag}>`);
    const { name } = attributesOf(node);
    const { args, paragraphs } = readComment(comment, name);
    const entry = { name, short: args.short_description, paragraphs, properties: [], methods: [], signals: [] };
    for (const member of documented(childrenOf(node))) {
      if (member.tag === 'property') entry.properties.push(readProperty(member.node, member.comment));
      else if (member.tag === 'method') entry.methods.push(readMethod(member.node, member.comment));
      else if (member.tag === 'signal') entry.signals.push(readSignal(member.node, member.comment));
      else throw new Error(`unexpected <${member.tag}> in ${name}`);
    }
    interfaces.push(entry);
  }
  return interfaces;
}
