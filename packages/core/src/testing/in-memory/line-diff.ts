// SPDX-License-Identifier: LGPL-2.1-or-later

type Line = readonly [mark: ' ' | '-' | '+', text: string];

const contextLines = 3;

/** A unified diff of two texts by lines; empty when they are equal. Every line ends with a newline. */
export function diffLines(before: readonly string[], after: readonly string[], name: string): string {
  const lines = compare(before, after);
  const changed = lines.flatMap(([mark], index) => (mark === ' ' ? [] : [index]));
  if (changed.length === 0) return '';
  const output = [`--- ${name}`, `+++ ${name}`];
  let hunkStart: number | undefined;
  for (const [position, index] of changed.entries()) {
    hunkStart ??= Math.max(0, index - contextLines);
    const next = changed[position + 1];
    if (next !== undefined && next - index <= 2 * contextLines + 1) continue;
    output.push(...formatHunk(lines, hunkStart, Math.min(lines.length, index + contextLines + 1)));
    hunkStart = undefined;
  }
  return `${output.join('\n')}\n`;
}

function formatHunk(lines: readonly Line[], from: number, to: number): readonly string[] {
  const hunk = lines.slice(from, to);
  const count = (part: readonly Line[], other: '-' | '+') => part.filter(([mark]) => mark !== other).length;
  const range = (other: '-' | '+') => {
    const length = count(hunk, other);
    const start = count(lines.slice(0, from), other);
    return `${length === 0 ? start : start + 1},${length}`;
  };
  return [`@@ -${range('+')} +${range('-')} @@`, ...hunk.map(([mark, text]) => mark + text)];
}

/** By the longest common subsequence; removed lines come before added ones. */
function compare(before: readonly string[], after: readonly string[]): readonly Line[] {
  const width = after.length + 1;
  const common = new Uint32Array((before.length + 1) * width);
  const at = (i: number, j: number) => common[i * width + j] ?? 0;
  for (let i = before.length - 1; i >= 0; i -= 1) {
    for (let j = after.length - 1; j >= 0; j -= 1) {
      common[i * width + j] = before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: Line[] = [];
  let i = 0;
  let j = 0;
  while (i < before.length || j < after.length) {
    const old = before[i];
    const fresh = after[j];
    if (old !== undefined && old === fresh) {
      lines.push([' ', old]);
      i += 1;
      j += 1;
    } else if (old !== undefined && (fresh === undefined || at(i + 1, j) >= at(i, j + 1))) {
      lines.push(['-', old]);
      i += 1;
    } else if (fresh !== undefined) {
      lines.push(['+', fresh]);
      j += 1;
    }
  }
  return lines;
}
