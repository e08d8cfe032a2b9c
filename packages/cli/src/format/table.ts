// SPDX-License-Identifier: LGPL-2.1-or-later

/** Columns padded to their widest cell, two spaces apart, nothing behind the last one; cells must be plain. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    });
  }
  return rows
    .map((row) => {
      const line = row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
      return `${line.trimEnd()}\n`;
    })
    .join('');
}
