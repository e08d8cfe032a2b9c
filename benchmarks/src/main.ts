// SPDX-License-Identifier: LGPL-2.1-or-later
// npm run bench: measures, prints the table and writes it to results/. It exits 0 when it measured, whatever came out.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeGrowth } from './growth.js';
import { startBenchmarkHost } from './host.js';
import { describeMachine, describeScheduling, loadOfLastMinute } from './machine.js';
import { measureEverything } from './measure-everything.js';
import { measureLibvirt } from './measure-libvirt.js';
import { measureService } from './measure-service.js';
import { formatReport } from './report.js';
import type { Comparison, Figure } from './results.js';
import { threeDigits } from './units.js';

const usage = `usage: npm run bench [-- --quick | --sizes 10,100,…]
  --quick   10 and 100 node devices, few rounds, no file
  --sizes   other numbers of node devices, no file
`;

const fullSizes = [10, 100, 1000, 5000];
const quickSizes = [10, 100];

interface Options {
  readonly sizes: readonly number[];
  readonly quick: boolean;
  readonly keeps: boolean;
}

function readOptions(): Options | undefined {
  try {
    const { values } = parseArgs({ options: { quick: { type: 'boolean' }, sizes: { type: 'string' } } });
    const quick = values.quick === true;
    const sizes = values.sizes?.split(',').map(Number) ?? (quick ? quickSizes : fullSizes);
    if (sizes.some((size) => !Number.isInteger(size) || size < 10)) return undefined;
    return { sizes, quick, keeps: !quick && values.sizes === undefined };
  } catch {
    return undefined;
  }
}

/** Enough for the noise to show, within minutes. */
function effort(devices: number, quick: boolean): { rounds: number; changes: number } {
  if (quick) return { rounds: 3, changes: 20 };
  if (devices > 1000) return { rounds: 3, changes: 6 };
  return devices > 100 ? { rounds: 7, changes: 20 } : { rounds: 11, changes: 100 };
}

async function main(): Promise<number> {
  const options = readOptions();
  if (options === undefined) {
    process.stderr.write(usage);
    return 2;
  }
  const loadBefore = loadOfLastMinute();
  const comparisons: Comparison[] = [];
  const figures: Figure[] = [];
  for (const devices of options.sizes) {
    const { rounds, changes } = effort(devices, options.quick);
    say(`${devices} node devices: starting the host`);
    await using host = await startBenchmarkHost(devices);
    const discovery = { devices, what: 'libvirtd: start to all devices found' };
    figures.push({ ...discovery, value: `${threeDigits(host.discoveryMs / 1000)} s` });
    say(`${devices} node devices: calls and listings`);
    const libvirt = await measureLibvirt(host, rounds);
    say(`${devices} node devices: everything about every device`);
    const everything = await measureEverything(host, rounds);
    say(`${devices} node devices: vgpud`);
    const service = await measureService(host, rounds, changes);
    comparisons.push(...libvirt.comparisons, ...everything.comparisons, ...service.comparisons);
    figures.push(...libvirt.figures, ...everything.figures, ...service.figures);
  }
  figures.push(...describeGrowth(comparisons));
  const date = new Date().toISOString().slice(0, 10);
  const load = `load of the last minute ${loadBefore.toFixed(1)} before and ${loadOfLastMinute().toFixed(1)} after`;
  const efforts = options.sizes.map(
    (devices) => `${effort(devices, options.quick).rounds} rounds at ${devices} devices`,
  );
  const rounds = `${efforts.join(', ')}; ${describeScheduling()}; ${load}`;
  const report = formatReport({ date, machine: describeMachine(), rounds, comparisons, figures });
  process.stdout.write(report);
  if (options.keeps) {
    const path = join(import.meta.dirname, '../results', `${date}.md`);
    writeFileSync(path, report);
    say(`written to ${path}`);
  }
  return 0;
}

function say(text: string): void {
  process.stderr.write(`bench: ${text}\n`);
}

process.exitCode = await main();
