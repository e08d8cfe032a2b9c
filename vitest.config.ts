// SPDX-License-Identifier: LGPL-2.1-or-later
import { defineConfig } from 'vitest/config';

// Workspace packages are tested from their TypeScript sources; the export condition "source" finds them.
const conditions = ['source'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    // A file may start processes or an emulated host of its own; more at once than this gains nothing on two cores.
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'benchmarks/src/**/*.test.ts'],
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'host',
          include: ['tests/**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/dist/**', 'tests/lab/**'],
          // Projects with worker counts of their own run one after the other: the unit tests first.
          sequence: { groupOrder: 1 },
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      // The lab's own, see tests/lab: one project runs in its machine, one beside it. Everything is slow there.
      ...(['lab-inside', 'lab'] as const).map((name) => ({
        extends: true as const,
        test: {
          name,
          include: [name === 'lab' ? 'tests/lab/*.test.ts' : 'tests/lab/inside/*.test.ts'],
          maxWorkers: 1,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
          testTimeout: 900_000,
          hookTimeout: 600_000,
        },
      })),
    ],
  },
});
