import { UserError } from "../errors.ts";
import { elementCount, type NumericType, type Tensor } from "../tensor/tensor.ts";
import { readUserFile } from "../user_file.ts";
import { bytesOf, elementSize, sharedArray, viewArray } from "./shared.ts";

/** numpy's name of each element type, without the byte order. */
const TYPES: ReadonlyMap<string, NumericType> = new Map([
  ["f2", "float16"],
  ["f4", "float32"],
  ["f8", "float64"],
  ["i1", "int8"],
  ["u1", "uint8"],
  ["i2", "int16"],
  ["u2", "uint16"],
  ["i4", "int32"],
  ["u4", "uint32"],
  ["i8", "int64"],
  ["u8", "uint64"],
  ["b1", "bool"],
]);

/** Most characters of a header that a message shows. */
const SHOWN = 100;

const MAGIC = [0x93, ..."NUMPY"].map((c) => typeof c === "number" ? c : c.charCodeAt(0));

/**
 * Reads an array that numpy saved: any integer or float type, float16 and bool, in C or Fortran
 * order (which is brought into C order). Bytes on shared memory are viewed, others copied there.
 *
 * @param source A path, or the bytes of a file.
 * @param name What messages call it. @default {the path}
 * @throws {UserError} If it is missing, cut off, not `.npy`, or of a type that is none of numbers
 * (objects, texts, complex) or big-endian.
 * @see {@link https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html | NPY format}
 * @see {@linkcode writeNpy} for an example
 * @category Samples (advanced)
 */
export async function readNpy(
  source: string | URL | Uint8Array,
  name: string = source instanceof Uint8Array ? "array" : String(source),
): Promise<Tensor> {
  if (source instanceof Uint8Array) return parseNpy(source, name);
  return parseNpy(await readUserFile(source, name), name);
}

/** Whether bytes begin as an `.npy` file does. */
export function isNpy(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, i) => bytes[i] === byte);
}

/** Reads an array from the bytes of an `.npy` file; see {@linkcode readNpy}. */
export function parseNpy(bytes: Uint8Array, name: string): Tensor {
  if (!isNpy(bytes)) {
    throw new UserError(`Cannot read ${name}: it is not a numpy array (.npy)`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = bytes[6]; // 1 has a 2-byte header length; 2 and 3 have 4
  if (version === undefined) throw cutOff(name);
  if (version < 1 || version > 3) {
    throw new UserError(
      `Cannot read ${name}: its format version ${version} is not known; save it with numpy's np.save`,
    );
  }
  const headerAt = version === 1 ? 10 : 12;
  if (bytes.length < headerAt) throw cutOff(name);
  const headerLength = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const dataAt = headerAt + headerLength;
  if (bytes.length < dataAt) throw cutOff(name);
  // The header is the text of a Python dict, e.g. {'descr': '<f4', 'fortran_order': False, ...}.
  const header = new TextDecoder().decode(bytes.subarray(headerAt, dataAt));
  const type = readType(header, name);
  const shape = header.match(/'shape'\s*:\s*\(([^)]*)\)/)?.[1];
  const fortran = header.match(/'fortran_order'\s*:\s*(True|False)/)?.[1];
  if (shape === undefined || fortran === undefined) {
    const shown = header.trim().slice(0, SHOWN);
    throw new UserError(`Cannot read ${name}: its header is not numpy's: ${shown}`);
  }
  const sizes = shape.split(",").map((text) => text.trim()).filter((text) => text !== "");
  if (!sizes.every((text) => /^\d+L?$/.test(text))) { // Python 2 wrote 3L
    throw new UserError(
      `Cannot read ${name}: its shape (${shape.slice(0, SHOWN)}) is none; save the array again`,
    );
  }
  const dims = sizes.map((text) => parseInt(text, 10));
  const count = elementCount(dims);
  if (!(count * elementSize(type) <= bytes.length - dataAt)) throw cutOff(name);

  const size = count * elementSize(type);
  const at = bytes.byteOffset + dataAt;
  const inPlace = bytes.buffer instanceof SharedArrayBuffer && at % elementSize(type) === 0;
  let data = inPlace ? viewArray(type, bytes.buffer, at, count) : sharedArray(type, count);
  if (!inPlace) {
    new Uint8Array(data.buffer, 0, size).set(bytes.subarray(dataAt, dataAt + size));
  }
  if (fortran === "True" && dims.length > 1) data = toRowMajor(type, dims, data as Float64Array);
  return { type, dims, data } as Tensor;
}

/**
 * The bytes of a tensor as an `.npy` file, format version 1, in C order; numpy reads them back.
 *
 * @throws {RangeError} If the type has no name in numpy: bfloat16, string.
 * @example
 * ```ts
 * import { float32Tensor } from "octavo";
 * import { readNpy, writeNpy } from "octavo/advanced";
 * import assert from "node:assert/strict";
 * const { dims, data } = await readNpy(writeNpy(float32Tensor([2, 1], [3, 4])));
 * assert.deepEqual([dims, [...data]], [[2, 1], [3, 4]]);
 * ```
 * @category Samples (advanced)
 */
export function writeNpy(tensor: Tensor): Uint8Array<ArrayBuffer> {
  const [code] = TYPES.entries().find(([, type]) => type === tensor.type) ?? [];
  if (code === undefined) throw new RangeError(`Cannot write ${tensor.type} as a numpy array`);
  const order = code.endsWith("1") ? "|" : "<";
  const { dims } = tensor;
  const shape = dims.length === 1 ? `(${dims[0]},)` : `(${dims.join(", ")})`;
  const dict = `{'descr': '${order}${code}', 'fortran_order': False, 'shape': ${shape}, }`;
  // The format asks that the data start at a multiple of 64: magic, version and length take 10.
  const headerLength = Math.ceil((10 + dict.length + 1) / 64) * 64 - 10;
  const data = bytesOf(tensor);
  const bytes = new Uint8Array(10 + headerLength + data.length);
  bytes.set([...MAGIC, 1, 0, headerLength & 0xff, headerLength >> 8]);
  bytes.set(new TextEncoder().encode(dict.padEnd(headerLength - 1) + "\n"), 10);
  bytes.set(data, 10 + headerLength);
  return bytes;
}

function readType(header: string, name: string): NumericType {
  const descr = header.match(/'descr'\s*:\s*'([^']*)'/)?.[1];
  const [, order, code] = descr?.match(/^([<>|=]?)(.*)$/) ?? [];
  const type = TYPES.get(code ?? "");
  if (code === "V2") {
    throw new UserError(
      `Cannot read ${name}: it holds raw elements of 2 bytes, which is how numpy saves bfloat16, a type ` +
        `that it does not have; save x.astype("float32") instead`,
    );
  }
  if (/^[US]\d/.test(code ?? "")) {
    throw new UserError(
      `Cannot read ${name}: it holds texts; number them, with labels in the place of x if they are ` +
        `classes: numpy.unique(x, return_inverse=True)[1]`,
    );
  }
  if (type === undefined) {
    const known = [...TYPES.values()].join(", ");
    throw new UserError(
      `Cannot read ${name}: ` +
        (descr === undefined
          ? `it is structured; save an array of one of ${known}`
          : `its type "${descr.slice(0, SHOWN)}"${
            code === "O" ? " (Python objects)" : ""
          } is none of ` +
            `${known}; save an array of one of these`),
    );
  }
  if (order === ">" && elementSize(type) > 1) {
    throw new UserError(
      `Cannot read ${name}: it is big-endian (${descr}); ` +
        `save x.astype(x.dtype.newbyteorder("<")) instead`,
    );
  }
  return type;
}

function cutOff(name: string): UserError {
  return new UserError(`Cannot read ${name}: the array is cut off; copy or save the file again`);
}

/** Brings the elements of a column-major array into row-major order. */
function toRowMajor(type: NumericType, dims: readonly number[], from: Float64Array) {
  const to = sharedArray(type, from.length) as Float64Array;
  const index = dims.map(() => 0);
  const strides = dims.map((_, axis) => elementCount(dims.slice(0, axis)));
  for (let i = 0, at = 0; i < to.length; i++) {
    to[i] = from[at]!;
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      at += strides[axis]!;
      if (++index[axis]! < dims[axis]!) break;
      at -= index[axis]! * strides[axis]!;
      index[axis] = 0;
    }
  }
  return to;
}
