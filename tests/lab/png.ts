// SPDX-License-Identifier: LGPL-2.1-or-later
import { inflateSync } from 'node:zlib';

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** A pixel's colour as rrggbb. */
  colorAt(x: number, y: number): string;
}

const bytesPerPixel = 3;

/** Reads a PNG file of eight bits a colour, without transparency, not interlaced: as QEMU makes screenshots. */
export function readPng(file: Buffer): Picture {
  const header = file.subarray(16, 29);
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  if (header.subarray(8).toString('hex') !== '0802000000') throw new Error('not a PNG file of this kind');
  const packed: Buffer[] = [];
  for (let at = 8; at < file.length; at += file.readUInt32BE(at) + 12) {
    if (file.toString('latin1', at + 4, at + 8) === 'IDAT') {
      packed.push(file.subarray(at + 8, at + 8 + file.readUInt32BE(at)));
    }
  }
  const rows = unfilter(inflateSync(Buffer.concat(packed)), width * bytesPerPixel, height);
  return {
    width,
    height,
    colorAt: (x, y) => rows[y]?.toString('hex', x * bytesPerPixel, (x + 1) * bytesPerPixel) ?? '',
  };
}

/** Each row begins with the number of the way in which it was told by its neighbours. */
function unfilter(data: Buffer, length: number, height: number): Buffer[] {
  const rows: Buffer[] = [];
  let above: Buffer = Buffer.alloc(length);
  for (let y = 0; y < height; y += 1) {
    const start = y * (length + 1);
    const filter = data[start] ?? 0;
    const row = Buffer.from(data.subarray(start + 1, start + 1 + length));
    for (let x = 0; x < length; x += 1) {
      const left = row[x - bytesPerPixel] ?? 0;
      const up = above[x] ?? 0;
      const corner = above[x - bytesPerPixel] ?? 0;
      row[x] = (row[x] ?? 0) + prediction(filter, left, up, corner);
    }
    rows.push(row);
    above = row;
  }
  return rows;
}

function prediction(filter: number, left: number, up: number, corner: number): number {
  switch (filter) {
    case 1:
      return left;
    case 2:
      return up;
    case 3:
      return Math.floor((left + up) / 2);
    case 4: {
      const [toLeft, toUp] = [Math.abs(up - corner), Math.abs(left - corner)];
      const toCorner = Math.abs(left + up - 2 * corner);
      return toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner;
    }
    default:
      return 0;
  }
}
