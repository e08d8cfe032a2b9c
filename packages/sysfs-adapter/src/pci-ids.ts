// SPDX-License-Identifier: LGPL-2.1-or-later
import { readFile } from 'node:fs/promises';

/** Names of vendors, devices and classes (pci-ids.ucw.cz). Absent names are undefined. */
export interface PciIds {
  vendorName(vendorId: number): string | undefined;
  productName(vendorId: number, productId: number): string | undefined;
  /** Of the subclass as lspci prints it, else of the base class; `classId` has 24 bits. */
  className(classId: number): string | undefined;
}

/** The first of the files that can be read; a database without entries when none can. */
export async function readPciIds(paths: readonly string[]): Promise<PciIds> {
  for (const path of paths) {
    try {
      return indexPciIds(await readFile(path));
    } catch {
      continue;
    }
  }
  return indexPciIds(Buffer.alloc(0));
}

const newline = 0x0a;
const tab = 0x09;
const hash = 0x23;

/**
 * Keeps the file's bytes and where each vendor and base class begins: 1.4 MB instead of some 20,000 objects.
 * A section is its own line and the lines behind it that begin with a tab.
 */
export function indexPciIds(database: Buffer): PciIds {
  const vendors = new Map<number, number>();
  const classes = new Map<number, number>();
  for (let start = 0; start < database.length; start = nextLine(database, start)) {
    const first = database[start];
    if (first === tab || first === hash || first === newline) continue;
    const [, kind, id] =
      /^(C )?([0-9a-f]{2}|[0-9a-f]{4}) {2}/.exec(database.toString('latin1', start, start + 8)) ?? [];
    if (id !== undefined && (kind === undefined) === (id.length === 4)) {
      (kind === undefined ? vendors : classes).set(Number.parseInt(id, 16), start);
    }
  }
  const ownName = (sections: ReadonlyMap<number, number>, id: number, offset: number): string | undefined => {
    const start = sections.get(id);
    return start === undefined ? undefined : lineAt(database, start).slice(offset).trim();
  };
  return {
    vendorName: (vendorId) => ownName(vendors, vendorId, 4),
    productName: (vendorId, productId) => childName(database, vendors.get(vendorId), hex(productId, 4)),
    className: (classId) =>
      childName(database, classes.get(classId >>> 16), hex((classId >>> 8) & 0xff, 2)) ??
      ownName(classes, classId >>> 16, 4),
  };
}

/** The name of the line `\t<id>  <name>` in the section that begins at `start`. */
function childName(database: Buffer, start: number | undefined, id: string): string | undefined {
  if (start === undefined) return undefined;
  const wanted = Buffer.from(`\t${id}  `);
  for (let line = nextLine(database, start); line < database.length; line = nextLine(database, line)) {
    const first = database[line];
    if (first !== tab && first !== hash) return undefined;
    if (database.compare(wanted, 0, wanted.length, line, Math.min(line + wanted.length, database.length)) === 0) {
      return lineAt(database, line).slice(wanted.length).trim();
    }
  }
  return undefined;
}

function nextLine(database: Buffer, start: number): number {
  const end = database.indexOf(newline, start);
  return end === -1 ? database.length : end + 1;
}

function lineAt(database: Buffer, start: number): string {
  const end = database.indexOf(newline, start);
  return database.toString('utf8', start, end === -1 ? database.length : end);
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
