// SPDX-License-Identifier: LGPL-2.1-or-later
import { open, type FileHandle } from 'node:fs/promises';

/** What a distribution says about its package in the program itself. */
export interface PackageNote {
  readonly name: string;
  /** With the distribution's revision: `1.3.0-3.fc40`. */
  readonly version: string;
}

const headerSize = 64;
const programHeaderSize = 56;
const maxProgramHeaders = 128;
const maxNotesSize = 64 * 1024;
const noteSegment = 4;
const packageNoteType = 0xcafe1a7e;

/**
 * The package note of a 64-bit little-endian program ("Package Metadata for Executable Files", systemd.io): Fedora and
 * what comes from it write one, Debian does not. undefined when there is none or the file cannot be read.
 */
export async function readPackageNote(path: string): Promise<PackageNote | undefined> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const header = await readAt(file, 0, headerSize);
    // Magic number, 64 bits, little endian.
    if (header.readUInt32BE(0) !== 0x7f454c46 || header[4] !== 2 || header[5] !== 1) return undefined;
    const offset = Number(header.readBigUInt64LE(32));
    const size = header.readUInt16LE(54);
    const count = Math.min(header.readUInt16LE(56), maxProgramHeaders);
    if (size < programHeaderSize) return undefined;
    const table = await readAt(file, offset, size * count);
    for (let start = 0; start < table.length; start += size) {
      if (table.readUInt32LE(start) !== noteSegment) continue;
      const notesSize = Number(table.readBigUInt64LE(start + 32));
      if (notesSize > maxNotesSize) continue;
      const notes = await readAt(file, Number(table.readBigUInt64LE(start + 8)), notesSize);
      const found = findPackageNote(notes, table.readBigUInt64LE(start + 48) === 8n ? 8 : 4);
      if (found !== undefined) return found;
    }
  } catch {
    // Not there, not ELF, or cut off.
  } finally {
    await file?.close();
  }
  return undefined;
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  if (bytesRead !== length) throw new RangeError('the file is cut off');
  return buffer;
}

/** A note: sizes of name and text, type, name, text; both padded (elf(5)). */
function findPackageNote(notes: Buffer, alignment: number): PackageNote | undefined {
  const padded = (length: number): number => Math.ceil(length / alignment) * alignment;
  for (let start = 0; start + 12 <= notes.length;) {
    const nameSize = notes.readUInt32LE(start);
    const textSize = notes.readUInt32LE(start + 4);
    const textStart = start + padded(12 + nameSize);
    const owner = notes.toString('latin1', start + 12, start + 12 + nameSize);
    if (owner === 'FDO\0' && notes.readUInt32LE(start + 8) === packageNoteType) {
      return toPackageNote(JSON.parse(notes.toString('utf8', textStart, textStart + textSize).replace(/\0+$/, '')));
    }
    start = textStart + padded(textSize);
  }
  return undefined;
}

function toPackageNote(json: unknown): PackageNote | undefined {
  const { name, version } = (json ?? {}) as { readonly name?: unknown; readonly version?: unknown };
  return typeof name === 'string' && typeof version === 'string' ? { name, version } : undefined;
}
