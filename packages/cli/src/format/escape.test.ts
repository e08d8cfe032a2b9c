// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { formatJson, plain, plainLines } from './escape.js';

describe('plain', () => {
  it('leaves letters of every script, signs and spaces alone', () => {
    const text = 'Größe 漢字 עברית 😀 a-b_c: "d"';
    expect(plain(text)).toBe(text);
  });

  it.each([
    ['\u001b[31m', '\\x1b[31m'],
    ['a\r\nb\tc', 'a\\x0d\\x0ab\\x09c'],
    ['\u007f\u009b', '\\x7f\\x9b'],
    ['a\u202eb\u2066c\u061c', 'a\\u{202e}b\\u{2066}c\\u{61c}'],
    ['\u2028\u2029\u200b', '\\u{2028}\\u{2029}\\u{200b}'],
    ['\u{e0041}', '\\u{e0041}'],
    ['\ud800x', '\\u{d800}x'],
  ])('escapes %j', (text, expected) => {
    expect(plain(text)).toBe(expected);
  });
});

describe('plainLines', () => {
  it('keeps line feeds and tabs only', () => {
    expect(plainLines('+\t<name>\n\u001b\r\n')).toBe('+\t<name>\n\\x1b\\x0d\n');
  });
});

describe('formatJson', () => {
  it('writes the same value in plain characters', () => {
    const value = { ['a\u202e']: ['\u{e0041}', '\u007f', '\n', 'é'] };
    const json = formatJson(value);
    expect(json).not.toMatch(/[^\n\p{L}\p{N}\p{P}\p{S}\p{Zs}]/u);
    expect(JSON.parse(json)).toStrictEqual(value);
  });
});
