// SPDX-License-Identifier: LGPL-2.1-or-later

/** Numbers that look random and are the same for the same seed. */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 to below `limit`. */
  below(limit: number): number {
    // mulberry32: 32 bits of state are enough to choose mutations.
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % Math.max(limit, 1);
  }

  pick<T>(items: readonly [T, ...T[]] | readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
}

type Mutation = (text: string, random: SeededRandom) => string;

/** Words that a reader of text may stumble over. */
const words = [
  '__proto__',
  'constructor',
  'prototype',
  'hasOwnProperty',
  'toString',
  '\u0000',
  '\ud800',
  '\uffff',
  '\r\n',
  '\t',
  '-1',
  '99999999999999999999',
  '0x',
  'NaN',
  '../../etc/passwd',
  '%s',
  '"',
  "'",
  '\\',
  '$(id)',
] as const;

function cut(text: string, at: number, length: number, instead: string): string {
  return text.slice(0, at) + instead + text.slice(at + length);
}

const textMutations: readonly Mutation[] = [
  (text, random) =>
    cut(text, random.below(text.length), 1, String.fromCharCode(random.below(random.below(8) === 0 ? 0x10000 : 256))),
  (text, random) => text.slice(0, random.below(text.length)),
  (text, random) => text.slice(random.below(text.length)),
  (text, random) => cut(text, random.below(text.length), random.below(40), ''),
  (text, random) => cut(text, random.below(text.length), 0, random.pick(words)),
  (text, random) => {
    const from = random.below(text.length);
    return cut(text, random.below(text.length), 0, text.slice(from, from + random.below(200)));
  },
  (text, random) => {
    const part = text.slice(random.below(text.length)).slice(0, 1 + random.below(8));
    return cut(text, random.below(text.length), 0, part.repeat(1 + random.below(2_000)));
  },
];

const names = [
  '__proto__',
  'constructor',
  'toString',
  'a:b:c',
  '#text',
  '#cdata',
  ':@',
  '@',
  'é',
  'uuid',
  'devices',
] as const;
const fragments = [
  '<!--',
  '-->',
  '<![CDATA[',
  ']]>',
  '<?x ',
  "<?x don't ?>",
  '?>',
  '<!DOCTYPE a [<!ENTITY e "eee">]>',
  '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
  '&e;',
  '&#0;',
  '&#x110000;',
  '&#10;',
  '&lt;',
  '&',
  '<',
  '>',
  '</',
  '/>',
] as const;

/** A random match of the pattern, which must be global; undefined when there is none. */
function someMatch(text: string, pattern: RegExp, random: SeededRandom): RegExpExecArray | undefined {
  const found = [...text.matchAll(pattern)];
  return found.length === 0 ? undefined : random.pick(found);
}

function replaceSome(pattern: RegExp, instead: (found: string, random: SeededRandom) => string): Mutation {
  return (text, random) => {
    const match = someMatch(text, pattern, random);
    return match === undefined ? text : cut(text, match.index, match[0].length, instead(match[0], random));
  };
}

const attributePattern = /\s[\w:.-]+=(?:"[^"]*"|'[^']*')/g;

const xmlMutations: readonly Mutation[] = [
  // Elements and attributes twice, without an end, or with another name.
  replaceSome(/<[\w:.-]+[^<>]*>/g, (found) => found + found),
  replaceSome(/<[\w:.-]+[^<>]*\/>/g, (found) => found + found),
  replaceSome(/<(\w+)[^<>]*>[^<>]*<\/\1>/g, (found, random) => found.repeat(1 + random.below(50))),
  replaceSome(/<\/[^<>]*>/g, () => ''),
  replaceSome(/<\/?[\w:.-]+/g, (found, random) => (found.startsWith('</') ? '</' : '<') + random.pick(names)),
  replaceSome(attributePattern, (found) => found + found),
  replaceSome(attributePattern, (found, random) => ` ${random.pick(names)}=${found.slice(found.indexOf('=') + 1)}`),
  replaceSome(
    attributePattern,
    (found, random) => `${found.slice(0, found.indexOf('=') + 2)}${random.pick(words)}${found.at(-1)}`,
  ),
  replaceSome(
    attributePattern,
    (found, random) => `${found.slice(0, -1)}${'x'.repeat(random.below(100_000))}${found.at(-1)}`,
  ),
  (text, random) => cut(text, random.below(text.length), 0, random.pick(fragments)),
  (text, random) => cut(text, random.below(text.length), 0, random.pick(fragments).repeat(random.below(5_000))),
  replaceSome(/>/g, (found, random) => {
    const depth = random.below(600);
    return `${found}${'<a>'.repeat(depth)}${'</a>'.repeat(depth)}`;
  }),
  replaceSome(/>[^<>]*</g, (_found, random) => `>${random.pick(words)}<`),
];

export interface MutateOptions {
  /** Others to mix a text with. */
  readonly seeds: readonly string[];
  /** Also what breaks XML in particular. */
  readonly xml: boolean;
}

/** One of the seeds after one to six random changes. */
export function mutate({ seeds, xml }: MutateOptions, random: SeededRandom): string {
  const mutations = xml ? [...textMutations, ...xmlMutations, ...xmlMutations] : textMutations;
  let text = random.pick(seeds);
  for (let count = 1 + random.below(6); count > 0; count--) {
    text = random.pick(mutations)(text, random);
    if (text.length > 1 << 20) break;
  }
  return text;
}

export interface FuzzOptions extends MutateOptions {
  readonly seed: number;
  readonly iterations: number;
  /** May throw only what `isRefusal` accepts. */
  readonly act: (text: string) => void;
  readonly isRefusal: (error: unknown) => boolean;
  /** How long one text may take. */
  readonly longestMs: number;
  /** Runs some iterations; a caller that can end a call that never returns does it here. */
  readonly guard?: (run: () => void) => void;
}

/** What went wrong with one text. The message has the seed and the iteration, which make the same text again. */
export class FuzzFailure extends Error {
  override readonly name = 'FuzzFailure';
  readonly text: string;

  constructor(problem: string, seed: number, iteration: number, text: string, cause?: unknown) {
    const shown = JSON.stringify(text.length > 2_000 ? `${text.slice(0, 2_000)}…` : text);
    super(`${problem}; seed ${seed}, iteration ${iteration}, ${text.length} characters: ${shown}`, { cause });
    this.text = text;
  }
}

const batchSize = 64;

/**
 * Gives mutated texts to a function.
 * @returns how many texts were taken and how many refused
 * @throws FuzzFailure when one is answered in a way that is not allowed, too late, or by changing a prototype
 */
export function fuzz(options: FuzzOptions): { readonly taken: number; readonly refused: number } {
  const { seed, iterations, act, isRefusal, longestMs, guard = (run) => run() } = options;
  const before = prototypeKeys();
  const result = { taken: 0, refused: 0 };
  const current = { text: '', iteration: 0 };
  const failure = (problem: string, cause?: unknown): FuzzFailure =>
    new FuzzFailure(problem, seed, current.iteration, current.text, cause);
  const one = (): void => {
    // A generator of its own for each: an iteration can be repeated without those before it.
    const text = mutate(options, new SeededRandom(Math.imul(seed, 0x9e3779b1) ^ current.iteration));
    current.text = text;
    const started = Date.now();
    try {
      act(text);
      result.taken++;
    } catch (error) {
      if (!isRefusal(error)) throw failure(`threw ${String(error)}`, error);
      result.refused++;
    }
    const tookMs = Date.now() - started;
    if (tookMs > longestMs) throw failure(`took ${tookMs} ms`);
  };
  for (let first = 0; first < iterations; first += batchSize) {
    const end = Math.min(first + batchSize, iterations);
    try {
      guard(() => {
        for (current.iteration = first; current.iteration < end; current.iteration++) one();
      });
    } catch (error) {
      throw error instanceof FuzzFailure ? error : failure(`did not return: ${String(error)}`, error);
    }
    if (prototypeKeys() !== before) throw failure('a prototype was changed by this text or one of those before it');
  }
  return result;
}

function prototypeKeys(): string {
  return [Object, Array, Function, String, Number, Map, Set, RegExp, Error]
    .map(({ prototype }) => Reflect.ownKeys(prototype).map(String).join())
    .join(';');
}
