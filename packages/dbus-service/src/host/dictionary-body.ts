// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Body } from './messages.js';

/** The bytes of values in D-Bus's format, little endian, as they stand at a position that 8 divides. */
export type Marshall = (signature: string, values: readonly unknown[]) => Buffer;

/** One entry of a dictionary. Its bytes are remembered with `source`, which must never change. */
export interface DictionaryEntry {
  readonly key: string;
  readonly source: object;
  value(): unknown;
}

const alignment = 8;

/**
 * A body that is one dictionary, `a{…}`, of which only entries that are new since the last time are marshalled: with
 * dbus-next that costs two thousand times as much as copying their bytes.
 */
export class DictionaryBody implements Body {
  readonly signature: string;
  readonly #entries: readonly DictionaryEntry[];

  constructor(signature: string, entries: readonly DictionaryEntry[]) {
    this.signature = signature;
    this.#entries = entries;
  }

  get values(): readonly unknown[] {
    return [Object.fromEntries(this.#entries.map((entry) => [entry.key, entry.value()]))];
  }

  /** @param known what the entries' sources were marshalled to before; it is added to */
  marshall(marshall: Marshall, known: WeakMap<object, Buffer>): Buffer {
    // An entry is marshalled as a struct is.
    const entryType = `(${this.signature.slice(2, -1)})`;
    const parts: Buffer[] = [];
    let length = 0;
    for (const entry of this.#entries) {
      const padding = -length & (alignment - 1);
      const bytes = known.get(entry.source) ?? marshall(entryType, [[entry.key, entry.value()]]);
      known.set(entry.source, bytes);
      if (padding > 0) parts.push(Buffer.alloc(padding));
      parts.push(bytes);
      length += padding + bytes.length;
    }
    // The number of bytes in the array; what aligns its first entry does not count.
    const head = Buffer.alloc(alignment);
    head.writeUInt32LE(length, 0);
    return Buffer.concat([head, ...parts]);
  }
}
