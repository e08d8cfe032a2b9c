// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, it } from 'vitest';
import { splitShellWords, withoutEnvironment } from './shell-words.js';

it('splits what libvirt prints for a command', () => {
  const printed = `LC_ALL=C \\\nHOME='/var/lib/a b' \\\n/usr/bin/qemu-system-x86_64 \\\n-name guest=it\\''s' \\\n-object '{"qom-type":"x","id":"a\\"b"}' \\\n-S ''`;
  expect(withoutEnvironment(splitShellWords(printed))).toEqual([
    '/usr/bin/qemu-system-x86_64',
    '-name',
    "guest=it's",
    '-object',
    '{"qom-type":"x","id":"a\\"b"}',
    '-S',
    '',
  ]);
});

it('reads double quotes as sh does, and expands nothing', () => {
  expect(splitShellWords('a"b $HOME \\" \\x"c `d`')).toEqual(['ab $HOME " \\xc', '`d`']);
});

it('ends an open quote with the text', () => {
  expect(splitShellWords("a 'b c")).toEqual(['a', 'b c']);
});

it('drops variables before the command only', () => {
  expect(withoutEnvironment(['A=1', 'qemu', 'b=2'])).toEqual(['qemu', 'b=2']);
  expect(withoutEnvironment(['A=1'])).toEqual([]);
});
