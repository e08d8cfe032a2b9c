// SPDX-License-Identifier: LGPL-2.1-or-later
import { holds, type Comparison, type Figure } from './results.js';
import { inMs } from './units.js';

export interface Report {
  /** YYYY-MM-DD */
  readonly date: string;
  readonly machine: readonly string[];
  readonly rounds: string;
  readonly comparisons: readonly Comparison[];
  readonly figures: readonly Figure[];
}

/** The same text for the terminal and the file: Markdown whose tables are aligned. */
export function formatReport({ date, machine, rounds, comparisons, figures }: Report): string {
  return `# Benchmarks of ${date}

${machine.map((line) => `- ${line}`).join('\n')}
- ${rounds}

The ratio is our time by the peer's: below 1 we are faster. It is the median of the rounds, with the least and the most.
Both ran in turn on the same emulated host. Times are context only.

## Beside peers

${formatTable(
  ['devices', 'what', 'beside', 'ratio', 'least to most', 'ours', "peer's", 'target', 'holds'],
  comparisons.map(comparisonRow),
)}

## Alone

${formatTable(
  ['devices', 'what', 'value'],
  figures.map(({ devices, what, value }) => [devices.toString(), what, value]),
)}
`;
}

function comparisonRow(comparison: Comparison): string[] {
  const { devices, what, peer, ratio, oursNs, peerNs, target } = comparison;
  const verdict = holds(comparison);
  return [
    devices.toString(),
    what,
    peer,
    formatRatio(ratio.median),
    `${formatRatio(ratio.least)} to ${formatRatio(ratio.most)}`,
    inMs(oursNs),
    inMs(peerNs),
    target?.words ?? '',
    verdict === undefined ? '' : verdict ? 'yes' : 'NO',
  ];
}

function formatRatio(ratio: number): string {
  return ratio < 0.1 ? ratio.toPrecision(2) : ratio.toFixed(2);
}

function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(...[head, ...rows].map((row) => (row[column] ?? title).length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
