// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Dictionary } from '@vgpu/dbus-service/protocol';
import { textIn } from '../service/objects.js';
import { plain, plainLines } from './escape.js';

/** The steps of a change as a numbered list; nothing for none. */
export function formatSteps(steps: readonly Dictionary[]): string {
  return steps
    .map((step, index) => {
      const warning = textIn(step, 'severity') === 'warning' ? 'warning: ' : '';
      return `${index + 1}. ${warning}${plain(textIn(step, 'message') ?? textIn(step, 'id') ?? '')}\n`;
    })
    .join('');
}

/** A unified diff, made safe to print. */
export function formatDiff(diff: string): string {
  if (diff === '') return '';
  return plainLines(diff.endsWith('\n') ? diff : `${diff}\n`);
}
