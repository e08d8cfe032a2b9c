// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { cleanDisplayText, maxDisplayTextLength, quoteText } from './display-text.js';

describe('cleanDisplayText', () => {
  it('keeps what people write', () => {
    expect(cleanDisplayText('Jürgens PC „büro“ 🖥 日本')).toBe('Jürgens PC „büro“ 🖥 日本');
  });

  it.each([
    ['terminal escapes', 'a\u001b[31mb', 'a [31mb'],
    ['line breaks', 'a\r\nb\u2028c', 'a b c'],
    ['bidirectional overrides', 'abc\u202Etxt.exe', 'abc txt.exe'],
    ['isolates', 'a\u2066b\u2069', 'a b'],
    ['zero-width characters', 'a\u200Bb\uFEFF', 'a b'],
    ['C1 controls', 'a\u009Bb', 'a b'],
    ['half characters', 'a\uD800b', 'a b'],
    ['letters that are drawn as nothing', 'a\u3164b\u115fc\u2800d\ufe0fe\u034ff', 'a b c d e f'],
  ])('removes %s', (_name, text, expected) => {
    expect(cleanDisplayText(text)).toBe(expected);
  });

  it('cuts long text at whole characters', () => {
    const cut = cleanDisplayText('🖥'.repeat(maxDisplayTextLength + 1));
    expect([...cut]).toHaveLength(maxDisplayTextLength);
    expect(cut.endsWith('🖥…')).toBe(true);
    expect(cleanDisplayText('x'.repeat(maxDisplayTextLength))).toHaveLength(maxDisplayTextLength);
  });

  it('changes nothing the second time', () => {
    for (const text of ['a\u001bb', ' \u202E ', 'x'.repeat(500), 'ok']) {
      expect(cleanDisplayText(cleanDisplayText(text))).toBe(cleanDisplayText(text));
    }
  });
});

describe('quoteText', () => {
  it.each([
    ['what people write', 'Jürgens PC „büro“ 🖥 日本', '"Jürgens PC „büro“ 🖥 日本"'],
    ['nothing', '', '""'],
    ['spaces around it', ' a ', '" a "'],
    ['quotes and backslashes', 'a"b\\x1b', '"a\\"b\\\\x1b"'],
    ['terminal escapes', 'a\u001b[31mb', '"a\\x1b[31mb"'],
    ['line breaks', 'a\r\nb\u2028c', '"a\\x0d\\x0ab\\u{2028}c"'],
    ['bidirectional overrides', 'abc\u202Etxt.exe', '"abc\\u{202e}txt.exe"'],
    ['what looks like a space', 'a\u00a0b\u3000c', '"a\\xa0b\\u{3000}c"'],
    ['invisible characters', 'a\u200bb\u{e0041}', '"a\\u{200b}b\\u{e0041}"'],
    ['halves of characters', 'a\ud800b', '"a\\u{d800}b"'],
  ])('shows %s', (_what, text, quoted) => {
    expect(quoteText(text)).toBe(quoted);
    expect(cleanDisplayText(quoteText(text))).toBe(quoted);
  });

  it('cuts what is long, and no character', () => {
    expect(quoteText('🖥'.repeat(64))).toBe(`"${'🖥'.repeat(64)}"`);
    expect(quoteText('🖥'.repeat(65))).toBe(`"${'🖥'.repeat(64)}"…`);
    expect(quoteText(`x${'🖥'.repeat(64)}`)).toBe(`"x${'🖥'.repeat(63)}"…`);
    expect(quoteText('\u0000'.repeat(1_000_000))).toBe(`"${'\\x00'.repeat(64)}"…`);
  });
});
