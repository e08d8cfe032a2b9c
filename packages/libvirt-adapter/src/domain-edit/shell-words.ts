// SPDX-License-Identifier: LGPL-2.1-or-later

/** The words of a command line as sh reads them: quotes, backslashes and escaped line breaks; nothing is expanded. */
export function splitShellWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (let index = 0; index < text.length; index++) {
    const character = text[index] ?? '';
    if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (character === "'") {
      const close = closing(text, "'", index + 1);
      word = (word ?? '') + text.slice(index + 1, close);
      index = close;
    } else if (character === '"') {
      const close = closing(text, '"', index + 1);
      word =
        (word ?? '') +
        text
          .slice(index + 1, close)
          .replace(/\\([$`"\\\n])/g, (_whole, escaped: string) => (escaped === '\n' ? '' : escaped));
      index = close;
    } else if (character === '\\') {
      index++;
      const escaped = text[index] ?? '';
      if (escaped !== '\n') word = (word ?? '') + escaped;
    } else {
      word = (word ?? '') + character;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** The command without the variables that `NAME=value` words before it set. */
export function withoutEnvironment(words: readonly string[]): string[] {
  const command = words.findIndex((word) => !/^[A-Za-z_][A-Za-z0-9_]*=/.test(word));
  return command === -1 ? [] : words.slice(command);
}

/** Where the quote ends; the end of the text when nobody closes it. */
function closing(text: string, quote: string, from: number): number {
  for (let index = from; index < text.length; index++) {
    if (quote === '"' && text[index] === '\\') index++;
    else if (text[index] === quote) return index;
  }
  return text.length;
}
