import { fileURLToPath } from "node:url";
import { crc32 } from "node:zlib";
import { UserError } from "../errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { failToRead, parseNpy, writeNpy } from "./npy.ts";
import { type ByteSource, openZip } from "./zip.ts";

/**
 * Reads the arrays that `np.savez` or `np.savez_compressed` saved, by name, onto shared memory.
 *
 * @param source A path, or the bytes of a file.
 * @throws {UserError} If it is missing, not a zip archive, cut off or damaged, or holds an array that
 * {@linkcode readNpy} refuses.
 * @example
 * ```ts
 * import { npzBytes, readNpz } from "./npz.ts";
 * import { float32 } from "../tensor/tensor.ts";
 * import assert from "node:assert/strict";
 * const { x } = await readNpz(npzBytes({ x: float32([2], [1, 2]) }));
 * assert.deepEqual([...x!.data], [1, 2]);
 * ```
 */
export async function readNpz(
  source: string | URL | Uint8Array,
): Promise<Record<string, Tensor>> {
  if (source instanceof Uint8Array) return await readArrays(memory(source));
  const name = String(source);
  const file = await Deno.open(source).catch((error) => failToRead(name, error));
  try {
    const { size, isFile } = await file.stat();
    if (!isFile) throw new UserError(`Cannot read ${name}: it is not a file`);
    return await readArrays({ name, size, read: (offset, length) => readAt(file, offset, length) });
  } finally {
    file.close();
  }
}

async function readArrays(source: ByteSource): Promise<Record<string, Tensor>> {
  const arrays: [string, Tensor][] = [];
  for (const entry of await openZip(source)) {
    const key = entry.name.replace(/\.npy$/, "");
    arrays.push([key, parseNpy(await entry.read(), `array "${key}" of ${source.name}`)]);
  }
  return Object.fromEntries(arrays);
}

function memory(bytes: Uint8Array): ByteSource {
  return {
    name: "npz bytes",
    size: bytes.length,
    read(offset, length) {
      const part = new Uint8Array(new SharedArrayBuffer(length));
      part.set(bytes.subarray(offset, offset + length));
      return Promise.resolve(part);
    },
  };
}

async function readAt(file: Deno.FsFile, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(new SharedArrayBuffer(length));
  await file.seek(offset, Deno.SeekMode.Start);
  for (let at = 0; at < length;) {
    const read = await file.read(bytes.subarray(at));
    if (read === null) throw new Deno.errors.UnexpectedEof("The file shrank while it was read");
    at += read;
  }
  return bytes;
}

/**
 * Writes arrays as one `.npz` file, uncompressed, as `np.savez` does; numpy reads them back. The
 * same arrays give the same bytes. An older file is replaced only once the new one is complete.
 *
 * @throws {RangeError} If the file would be over 4 GiB, or a type has no name in numpy.
 */
export async function writeNpz(
  path: string | URL,
  arrays: Readonly<Record<string, Tensor>>,
): Promise<void> {
  const bytes = npzBytes(arrays);
  const target = path instanceof URL ? fileURLToPath(path) : path;
  const temporary = `${target}.${crypto.randomUUID().slice(0, 8)}.tmp`;
  try {
    await Deno.writeFile(temporary, bytes);
    await Deno.rename(temporary, target);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw new UserError(`Cannot write ${target}: ${(error as Error).message}`, { cause: error });
  }
}

/** The bytes that {@linkcode writeNpz} writes. */
export function npzBytes(arrays: Readonly<Record<string, Tensor>>): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(arrays).map(([key, tensor]) => {
    const data = writeNpy(tensor);
    return { name: new TextEncoder().encode(`${key}.npy`), data, crc: crc32(data) };
  });
  const size = entries.reduce(
    (sum, { name, data }) => sum + 76 + 2 * name.length + data.length,
    22,
  );
  if (size > 0xffffffff) {
    throw new RangeError(`Cannot write ${size} bytes as one .npz: the limit is 4 GiB`);
  }
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  /** Header of a file, shared by its own place and the directory: sections 4.3.7 and 4.3.12. */
  const header = (at: number, { name, data, crc }: (typeof entries)[number]) => {
    view.setUint16(at, 20, true); // version needed: 2.0
    view.setUint16(at + 2, 0x0800, true); // names are UTF-8
    view.setUint16(at + 8, 0x21, true); // 1 January 1980, the format's first day
    view.setUint32(at + 10, crc, true);
    view.setUint32(at + 14, data.length, true);
    view.setUint32(at + 18, data.length, true);
    view.setUint16(at + 22, name.length, true);
  };
  let at = 0;
  const starts = entries.map((entry) => {
    const start = at;
    view.setUint32(at, 0x04034b50, true);
    header(at + 4, entry);
    bytes.set(entry.name, at + 30);
    bytes.set(entry.data, at + 30 + entry.name.length);
    at += 30 + entry.name.length + entry.data.length;
    return start;
  });
  const directoryAt = at;
  entries.forEach((entry, i) => {
    view.setUint32(at, 0x02014b50, true);
    view.setUint16(at + 4, 20, true); // version made by: 2.0
    header(at + 6, entry);
    view.setUint32(at + 42, starts[i]!, true);
    bytes.set(entry.name, at + 46);
    at += 46 + entry.name.length;
  });
  view.setUint32(at, 0x06054b50, true);
  view.setUint16(at + 8, entries.length, true);
  view.setUint16(at + 10, entries.length, true);
  view.setUint32(at + 12, at - directoryAt, true);
  view.setUint32(at + 16, directoryAt, true);
  return bytes;
}
