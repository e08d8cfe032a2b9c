// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { hostFilePath, listHostFiles, readHostFile } from './host-files.js';

const root = join(import.meta.dirname, '../..');
const schema = JSON.parse(readFileSync(join(root, 'packages/core/src/testing/host-file.schema.json'), 'utf8'));
const validate = new Ajv({ allErrors: true, strictTuples: false }).compile(schema);

describe('host files', () => {
  it('include those the contract suite uses', () => {
    expect(['seed-page', 'twin-uuid'].map((name) => basename(hostFilePath(name)))).toEqual([
      'seed-page.json',
      'twin-uuid.json',
    ]);
  });

  it.each(listHostFiles().map((path) => [basename(path), path]))('%s is valid by the schema', (name, path) => {
    const file = JSON.parse(readFileSync(path, 'utf8'));
    validate(file);
    expect(validate.errors).toBeNull();
    expect(`${file.name}.json`).toBe(name);
  });

  it('are refused with an unknown member', () => {
    expect(validate({ ...readHostFile('twin-uuid'), extra: true })).toBe(false);
    expect(validate.errors).toEqual([expect.objectContaining({ keyword: 'additionalProperties' })]);
  });
});

describe('generated files', () => {
  it('are up to date', () => {
    expect(execFileSync(process.execPath, ['scripts/generate.mjs', '--check'], { cwd: root, encoding: 'utf8' })).toBe(
      '',
    );
  });
});
