// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { publishedDomainName } from './domain-name.js';

describe('publishedDomainName', () => {
  it.each(['fedora', 'web  server', ' x ', 'Büro', '東京', 'a\u00a0b', '🖥', 'n'.repeat(255), 'é'.repeat(127)])(
    'gives %j exactly',
    (name) => {
      expect(publishedDomainName(name)).toBe(name);
    },
  );

  it.each([
    ['a control character', 'a\nb', 'a b'],
    ['a bidirectional mark', 'a\u202eb', 'a b'],
    ['one of no width', 'a\u200bb', 'a b'],
    ['a soft hyphen', 'a\u00adb', 'a b'],
    ['half a character', 'a\ud800', 'a'],
    ['a letter that is drawn as nothing', 'a\u3164', 'a'],
    ['a private one', '\ue000a', 'a'],
    ['more than 255 bytes', 'n'.repeat(256), `${'n'.repeat(127)}…`],
    ['more than 255 bytes in fewer characters', 'é'.repeat(128), 'é'.repeat(128)],
  ])('cleans one with %s', (_what, name, shown) => {
    expect(publishedDomainName(name)).toBe(shown);
  });
});
