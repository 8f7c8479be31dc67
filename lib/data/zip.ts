import { crc32, inflateRawSync } from "node:zlib";
import { UserError } from "../errors.ts";

/** Bytes that can be read in parts. */
export interface ByteSource {
  /** For messages. */
  readonly name: string;
  readonly size: number;
  /** Reads `length` bytes onto shared memory of their own; the range lies inside the source. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** One file of an archive. */
export interface ZipEntry {
  readonly name: string;
  /** Unpacks it, onto shared memory, and checks its checksum. */
  read(): Promise<Uint8Array>;
}

/**
 * Lists the files of a zip archive, with ZIP64, stored or deflated. Only the directory is read;
 * each file when it is asked for, so that memory holds what is used and nothing twice.
 *
 * @throws {UserError} If it is not a zip archive, is cut off, or damaged.
 * @see {@link https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT | APPNOTE.TXT}, sections
 * 4.3 and 4.5.3
 */
export async function openZip(source: ByteSource): Promise<ZipEntry[]> {
  const { offset, size, count } = await findDirectory(source);
  const bytes = await readPart(source, offset, size);
  const view = viewOf(bytes);
  const entries: ZipEntry[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== 0x02014b50) throw damaged(source);
    const nameLength = view.getUint16(at + 28, true);
    const extraLength = view.getUint16(at + 30, true);
    const sizes = {
      size: view.getUint32(at + 24, true),
      packed: view.getUint32(at + 20, true),
      header: view.getUint32(at + 42, true),
    };
    const extraAt = at + 46 + nameLength;
    if (extraAt + extraLength > bytes.length) throw damaged(source);
    readZip64(viewOf(bytes.subarray(extraAt, extraAt + extraLength)), sizes);
    const entry = {
      ...sizes,
      name: new TextDecoder().decode(bytes.subarray(at + 46, extraAt)),
      flags: view.getUint16(at + 8, true),
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
    };
    entries.push({ name: entry.name, read: () => readEntry(source, entry) });
    at = extraAt + extraLength + view.getUint16(at + 32, true);
  }
  return entries;
}

interface Directory {
  offset: number;
  size: number;
  count: number;
}

/** The end record lies in the last 22 bytes, or before a comment of up to 65,535. */
async function findDirectory(source: ByteSource): Promise<Directory> {
  const tailAt = Math.max(0, source.size - 22 - 0xffff);
  const tail = viewOf(await source.read(tailAt, source.size - tailAt));
  let at = tail.byteLength - 22;
  while (at >= 0 && tail.getUint32(at, true) !== 0x06054b50) at--;
  if (at < 0) {
    const start = viewOf(await source.read(0, Math.min(4, source.size)));
    const isZip = start.byteLength === 4 && start.getUint32(0, true) === 0x04034b50;
    throw new UserError(
      isZip
        ? `Cannot read ${source.name}: the archive is cut off; copy or save the file again`
        : `Cannot read ${source.name}: it is not a zip archive (.npz)`,
    );
  }
  const locatorAt = at - 20;
  if (locatorAt >= 0 && tail.getUint32(locatorAt, true) === 0x07064b50) {
    const end = viewOf(await readPart(source, uint64(tail, locatorAt + 8), 56));
    if (end.getUint32(0, true) !== 0x06064b50) throw damaged(source);
    return { count: uint64(end, 32), size: uint64(end, 40), offset: uint64(end, 48) };
  }
  return {
    count: tail.getUint16(at + 10, true),
    size: tail.getUint32(at + 12, true),
    offset: tail.getUint32(at + 16, true),
  };
}

/** Sizes that do not fit in 32 bits are all ones there, and follow, in this order, in field 1. */
function readZip64(extra: DataView, sizes: { size: number; packed: number; header: number }) {
  for (let at = 0; at + 4 <= extra.byteLength;) {
    const next = at + 4 + extra.getUint16(at + 2, true);
    if (extra.getUint16(at, true) === 1) {
      let field = at + 4;
      for (const key of ["size", "packed", "header"] as const) {
        if (sizes[key] !== 0xffffffff || field + 8 > Math.min(next, extra.byteLength)) continue;
        sizes[key] = uint64(extra, field);
        field += 8;
      }
    }
    at = next;
  }
}

async function readEntry(
  source: ByteSource,
  entry: {
    name: string;
    flags: number;
    method: number;
    crc: number;
    size: number;
    packed: number;
    header: number;
  },
): Promise<Uint8Array> {
  if (entry.flags & 1 || (entry.method !== 0 && entry.method !== 8)) {
    throw new UserError(
      `Cannot read ${entry.name} of ${source.name}: it is encrypted or packed with a method that ` +
        `numpy does not use; save it with np.savez`,
    );
  }
  const header = viewOf(await readPart(source, entry.header, 30));
  if (header.getUint32(0, true) !== 0x04034b50) throw damaged(source);
  const start = entry.header + 30 + header.getUint16(26, true) + header.getUint16(28, true);
  const packed = await readPart(source, start, entry.packed);
  const bytes = entry.method === 0 ? packed : inflate(source, entry, packed);
  if (bytes.length !== entry.size || crc32(bytes) !== entry.crc) throw damaged(source, entry.name);
  return bytes;
}

function inflate(
  source: ByteSource,
  entry: { name: string; size: number },
  packed: Uint8Array,
): Uint8Array {
  try {
    const inflated = inflateRawSync(packed, { maxOutputLength: Math.max(1, entry.size) });
    const bytes = new Uint8Array(new SharedArrayBuffer(inflated.length));
    bytes.set(inflated);
    return bytes;
  } catch {
    throw damaged(source, entry.name);
  }
}

function readPart(source: ByteSource, offset: number, length: number): Promise<Uint8Array> {
  if (!(offset + length <= source.size)) throw damaged(source);
  return source.read(offset, length);
}

function damaged(source: ByteSource, entry?: string): UserError {
  const what = entry === undefined ? "the archive" : `its "${entry}"`;
  return new UserError(
    `Cannot read ${source.name}: ${what} is damaged; copy or save the file again`,
  );
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function uint64(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}
