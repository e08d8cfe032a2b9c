// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { codeOf } from '../testing.js';
import { attribute, decodeXml, descend, elements, encodeXml, namespaceOf, parseXml, textOf } from './document.js';

describe('parseXml', () => {
  it('knows where every element begins and ends, also behind carriage returns', () => {
    const text = "<?xml version='1.0'?>\r\n<a>\r\n  <b x='1 > 0'/>\r\n  <c>é</c>\r\n</a>\r\n";
    const root = parseXml(text);
    expect(elements(root).map((element) => text.slice(element.start, element.end))).toEqual([
      "<b x='1 > 0'/>",
      '<c>é</c>',
    ]);
  });

  it('keeps names that JavaScript or the parser reserves', () => {
    const root = parseXml(
      "<d><__proto__ __proto__='1' constructor='2'/><constructor/><toString/><hasOwnProperty>x</hasOwnProperty></d>",
    );
    expect(elements(root).map((element) => element.name)).toEqual([
      '__proto__',
      'constructor',
      'toString',
      'hasOwnProperty',
    ]);
    expect(attribute(elements(root)[0], 'constructor')).toBe('2');
    expect(attribute(elements(root)[1], 'toString')).toBeUndefined();
    expect(({} as Record<string, unknown>)['1']).toBeUndefined();
  });

  it('is not led astray by apostrophes in comments, CDATA and processing instructions', () => {
    const text = "<?xml version='1.0'?><a><!-- don't <?x --><?pi don't > ?><b c='1'/><![CDATA[don't <?y]]><d/></a>";
    expect(elements(parseXml(text)).map((element) => text.slice(element.start, element.end))).toEqual([
      "<b c='1'/>",
      '<d/>',
    ]);
  });

  it.each([
    ['nothing', ''],
    ['text only', 'hello'],
    ['an element without its end', '<a><b></b>'],
    ['ends in the wrong order', '<a><b></a></b>'],
    ['two roots', '<a/><b/>'],
    ['an open tag', '<a'],
    ['an open comment', '<a><!-- </a>'],
    ['an open CDATA section', '<a><![CDATA[ </a>'],
    ['an open quote', "<a b='1></a>"],
    ['more levels than libxml2 reads', '<a>'.repeat(600) + '</a>'.repeat(600)],
    ['another end', '<a></b>'],
  ])('refuses %s', (_what, text) => {
    expect(codeOf(() => parseXml(text))).toBe('Internal');
  });

  it('never throws anything but a DeviceError for damaged documents', () => {
    const text = "<a b='1'><c>&lt;<!-- x --><![CDATA[ y ]]></c><d/></a>";
    for (let index = 0; index < text.length; index++) {
      for (const damaged of [
        text.slice(0, index),
        text.slice(0, index) + text.slice(index + 1),
        `${text.slice(0, index)}<${text.slice(index)}`,
      ]) {
        expect([undefined, 'Internal']).toContain(codeOf(() => parseXml(damaged)));
      }
    }
  });
});

describe('values', () => {
  it('decodes what is touched and nothing else', () => {
    const root = parseXml("<a t='&lt;&#65;&#x42;&quot;\n'>&amp;lt;<![CDATA[&lt;]]></a>");
    expect(attribute(root, 't')).toBe('<AB" ');
    expect(textOf(root)).toBe('&lt;&lt;');
  });

  it('leaves references alone that mean nothing', () => {
    expect(decodeXml('&unknown; &#0; &#x110000; & &;')).toBe('&unknown; &#0; &#x110000; & &;');
  });

  it('encodes so that decoding gives the same', () => {
    const value = `<>&"' \t\n\r]]> é 😀 &lt;`;
    expect(decodeXml(encodeXml(value))).toBe(value);
    expect(encodeXml(value)).not.toMatch(/[<>"'\t\n\r]/);
  });

  it.each(['\u0000', '\u001b[31m', '\ufffe', '\ud800'])('refuses to encode %j', (value) => {
    expect(codeOf(() => encodeXml(value))).toBe('InvalidArgument');
  });

  it('finds namespaces by declaration, not by prefix', () => {
    const root = parseXml("<d xmlns:o='urn:outer'><m><o:x/><p:y xmlns:p='urn:p'/><z xmlns='urn:z'/></m></d>");
    const m = descend(root, 'm');
    expect(elements(m).map((element) => namespaceOf(element, m ?? root, root))).toEqual([
      'urn:outer',
      'urn:p',
      'urn:z',
    ]);
  });
});
