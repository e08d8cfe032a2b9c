// SPDX-License-Identifier: LGPL-2.1-or-later

/** Steps that build on each other, as one test: the first that fails ends it, and its name comes before the error. */
export async function journey(steps: Readonly<Record<string, () => Promise<void>>>): Promise<void> {
  for (const [name, step] of Object.entries(steps)) {
    try {
      // Each step continues from the one before it.
      // eslint-disable-next-line no-await-in-loop
      await step();
    } catch (error) {
      if (error instanceof Error) error.message = `${name}: ${error.message}`;
      throw error;
    }
  }
}
