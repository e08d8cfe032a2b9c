// SPDX-License-Identifier: LGPL-2.1-or-later

/**
 * Reads documents and remembers them until the next time: of a large host's listing almost all are the same again,
 * and comparing a document costs a hundredth of reading it.
 */
export class LastReading<T> {
  readonly #read: (xml: string) => T;
  #last: ReadonlyMap<string, T> = new Map();

  constructor(read: (xml: string) => T) {
    this.#read = read;
  }

  /** What each of the documents says; those that are not among them are forgotten. */
  readAll(documents: readonly string[]): readonly T[] {
    const current = new Map<string, T>();
    const results = documents.map((xml) => {
      const known = current.has(xml) ? current : this.#last;
      const result = known.has(xml) ? (known.get(xml) as T) : this.#read(xml);
      current.set(xml, result);
      return result;
    });
    this.#last = current;
    return results;
  }
}
