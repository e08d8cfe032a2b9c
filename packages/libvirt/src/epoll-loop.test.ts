// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const timeoutMs = 240_000;

/** The compiler or the program; what it complained of, and how it ended. */
function complaints(command: string, args: readonly string[]): string {
  const { status, signal, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    timeout: timeoutMs / 2,
    env: { ...process.env, CXXFLAGS: '', TSAN_OPTIONS: 'halt_on_error=0 exitcode=66' },
  });
  return status === 0 ? `${stdout}${stderr}` : `${error ?? ''}${signal ?? status}: ${stdout}${stderr}`;
}

test('the loop keeps its contract with libvirt, and ThreadSanitizer finds no race', { timeout: timeoutMs }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'epoll-loop-'));
  try {
    const program = join(folder, 'epoll-loop');
    const options = ['-std=c++17', '-O1', '-g', '-Wall', '-Wextra', '-Werror', '-fsanitize=thread', '-pthread'];
    const linking = ['-Wl,--wrap=epoll_ctl,--wrap=epoll_wait'];
    const sources = [path('test/epoll-loop.cc'), path('../native/epoll_loop.cc')];
    expect(complaints(process.env['CXX'] ?? 'g++', [...options, ...sources, ...linking, '-o', program])).toBe('');
    // Some kernels spread addresses wider than ThreadSanitizer can follow.
    expect(complaints('setarch', ['--addr-no-randomize', program])).toBe('');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
