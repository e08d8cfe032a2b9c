// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, test } from 'vitest';
import { printed, runScript } from './test/child.js';
import { examples } from './test/readme.js';

const all = examples();
const runnable = all.filter((example) => example.output !== undefined);

test('every example of the README is run: here, or with a guest where it needs one', () => {
  expect(runnable.length).toBeGreaterThanOrEqual(5);
  expect(all.filter((example) => example.output === undefined).map((example) => example.section)).toEqual([
    'Consoles and pictures',
  ]);
});

test.for(runnable)('the example “$section” prints what the README says', async ({ code, output }) => {
  expect(await runScript(code)).toEqual(printed(output!));
});
