// SPDX-License-Identifier: LGPL-2.1-or-later
import { readdirSync, readFileSync } from 'node:fs';

/** How many native threads of this process have the name. */
export function threadsNamed(name: string): number {
  return readdirSync('/proc/self/task').filter((id) => {
    try {
      return readFileSync(`/proc/self/task/${id}/comm`, 'utf8').trim() === name;
    } catch {
      return false;
    }
  }).length;
}
