// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError, type ErrorCode } from '@vgpu/core';
import { readFileSync } from 'node:fs';

/** A document of fixtures/, as libvirt printed it. */
export function fixture(path: string): string {
  return readFileSync(new URL(`../fixtures/${path}`, import.meta.url), 'utf8');
}

/** The code of the DeviceError that `run` throws; undefined when it throws none. */
export function codeOf(run: () => unknown): ErrorCode | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof DeviceError) return error.code;
    throw error;
  }
  return undefined;
}
