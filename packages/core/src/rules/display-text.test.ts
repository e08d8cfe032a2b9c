// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { cleanDisplayText, maxDisplayTextLength } from './display-text.js';

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
