import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "../errors.ts";
import { otherFormat } from "../file_format.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { writeWhole } from "../whole_file.ts";
import { openUserFile, readPart } from "../user_file.ts";
import { orDamaged } from "./damaged.ts";
import { isNpy, parseNpy, writeNpy } from "./npy.ts";
import type { ByteSource } from "./zip.ts";

/**
 * Options for {@linkcode readNpz}.
 * @category Samples (advanced)
 */
export interface ReadNpzOptions {
  /** Names of arrays that are left alone, whatever they are. @default {none} */
  leave?: readonly string[];
}

/**
 * Reads the arrays that `np.savez` or `np.savez_compressed` saved, by name, onto shared memory; or the
 * one that `np.save` saved, which is called like its file.
 *
 * @param source A path, or the bytes of a file.
 * @throws {UserError} If it is missing, not a zip archive, cut off or damaged, or holds an array that
 * {@linkcode readNpy} refuses.
 * @example
 * ```ts
 * import { float32Tensor, readNpz, writeNpz } from "octavo";
 * import assert from "node:assert/strict";
 * const path = `${await Deno.makeTempDir()}/arrays.npz`;
 * await writeNpz(path, { x: float32Tensor([2], [1, 2]) });
 * const { x } = await readNpz(path);
 * assert.deepEqual([...x!.data], [1, 2]);
 * ```
 * @category Samples
 */
export async function readNpz(
  source: string | URL | Uint8Array,
  options: ReadNpzOptions = {},
): Promise<Record<string, Tensor>> {
  if (source instanceof Uint8Array) return await readArrays(memory(source), options);
  const name = String(source);
  const file = await openUserFile(source, name);
  try {
    const { size } = await file.stat();
    const read = (start: number, end: number) => readPart(file, start, end);
    return await readArrays({ name, size, read }, options);
  } finally {
    await file.close();
  }
}

async function readArrays(
  source: ByteSource,
  options: ReadNpzOptions,
): Promise<Record<string, Tensor>> {
  const start = await source.read(0, Math.min(64, source.size));
  const other = otherFormat(start, "samples");
  if (other) throw new UserError(`Cannot read ${source.name}: ${other}`);
  return Object.fromEntries(
    isNpy(start) ? [await readOne(source)] : await readArchive(source, options),
  );
}

/** The array that `np.save` saved, under the name of its file. */
async function readOne(source: ByteSource): Promise<[name: string, Tensor]> {
  const bytes = await source.read(0, source.size);
  const tensor = await orDamaged(source.name, () => parseNpy(bytes, source.name));
  return [basename(source.name).replace(/\.npy$/, ""), tensor];
}

async function readArchive(
  source: ByteSource,
  { leave = [] }: ReadNpzOptions,
): Promise<Map<string, Tensor>> {
  const { openZip } = await import("./zip.ts"); // 20 ms that not everybody needs
  const entries = await openZip(source);
  if (entries.some(({ name }) => /(^|\/)data\.pkl$/.test(name))) {
    throw new UserError(
      `Cannot read ${source.name}: it is PyTorch's; save it with numpy.savez, the tensors as ` +
        `x.numpy()`,
    );
  }
  const arrays = new Map<string, Tensor>();
  for (const entry of entries) {
    const key = entry.name.replace(/\.npy$/, "");
    if (leave.includes(key)) continue;
    const what = `array "${key}" of ${source.name}`;
    if (arrays.has(key)) {
      throw new UserError(
        `Cannot read ${source.name}: the archive holds two arrays "${key}"; save it again with one`,
      );
    }
    const bytes = await entry.read();
    arrays.set(key, await orDamaged(what, () => parseNpy(bytes, what)));
  }
  return arrays;
}

function memory(bytes: Uint8Array): ByteSource {
  return {
    name: "npz bytes",
    size: bytes.length,
    read: (start, end) => Promise.resolve(bytes.subarray(start, end)),
  };
}

/**
 * Writes arrays as one `.npz` file, uncompressed, as `np.savez` does; numpy reads them back. The
 * same arrays give the same bytes. An older file is replaced only once the new one is complete.
 *
 * @throws {RangeError} If a type has no name in numpy.
 * @see {@linkcode readNpz} for an example
 * @category Samples
 */
export async function writeNpz(
  path: string | URL,
  arrays: Readonly<Record<string, Tensor>>,
): Promise<void> {
  const target = path instanceof URL ? fileURLToPath(path) : path;
  const files = filesOf(arrays);
  const { writeZip } = await import("./zip.ts");
  await writeWhole(target, (file) => writeZip(file, files));
}

function filesOf(arrays: Readonly<Record<string, Tensor>>): [name: string, bytes: Uint8Array][] {
  return Object.entries(arrays).map(([key, tensor]) => [`${key}.npy`, writeNpy(tensor)]);
}
