import assert from "node:assert/strict";
import { parseNpy, readNpy, writeNpy } from "../../lib/data/npy.ts";
import { UserError } from "../../lib/errors.ts";
import type { ElementType, Tensor } from "../../lib/tensor/tensor.ts";

/** An .npy file by hand: version, header as numpy prints it, data. */
function npy(dict: string, data: ArrayBufferView, version = 1): Uint8Array {
  const header = new TextEncoder().encode(dict + "\n");
  const length = version === 1
    ? [header.length & 255, header.length >> 8]
    : [header.length & 255, header.length >> 8, 0, 0];
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return Uint8Array.from([
    ...[0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0],
    ...length,
    ...header,
    ...bytes,
  ]);
}

const dict = (descr: string, shape: string, fortran = "False") =>
  `{'descr': ${descr}, 'fortran_order': ${fortran}, 'shape': ${shape}, }`;

Deno.test("parseNpy() reads what numpy saved: np.array([[1, -2, 3]], np.int16)", () => {
  // The bytes of numpy 2.4.6, header padded to 128.
  const header = "{'descr': '<i2', 'fortran_order': False, 'shape': (1, 3), }".padEnd(117) + "\n";
  const bytes = Uint8Array.from([
    ...[0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0],
    ...new TextEncoder().encode(header),
    ...[1, 0, 0xfe, 0xff, 3, 0],
  ]);
  assert.deepEqual(parseNpy(bytes, "x"), {
    type: "int16",
    dims: [1, 3],
    data: new Int16Array(Int16Array.from([1, -2, 3])),
  });
});

Deno.test("parseNpy() brings Fortran order into C order, in three dimensions", () => {
  // x[i, j, k] = 100 i + 10 j + k of shape [2, 3, 2], first index fastest in the file.
  const stored = [];
  for (const k of [0, 1]) {
    for (const j of [0, 1, 2]) for (const i of [0, 1]) stored.push(100 * i + 10 * j + k);
  }
  const { data, dims } = parseNpy(
    npy(dict("'<i4'", "(2, 3, 2)", "True"), Int32Array.from(stored)),
    "x",
  );
  assert.deepEqual(dims, [2, 3, 2]);
  assert.deepEqual([...data], [0, 1, 10, 11, 20, 21, 100, 101, 110, 111, 120, 121]);
});

Deno.test("parseNpy() reads scalars, empty arrays, format 2 and Python 2's long shapes", () => {
  const scalar = parseNpy(npy(dict("'<f8'", "()"), Float64Array.of(2.5)), "x");
  assert.deepEqual([scalar.dims, scalar.data[0]], [[], 2.5]);
  const empty = parseNpy(npy(dict("'<f4'", "(0, 3)"), new Uint8Array()), "x");
  assert.deepEqual([empty.dims, empty.data.length], [[0, 3], 0]);
  const second = parseNpy(npy(dict("'|u1'", "(2L,)"), Uint8Array.of(7, 8), 2), "x");
  assert.deepEqual([second.dims, [...second.data]], [[2], [7, 8]]);
});

Deno.test("writeNpy() and parseNpy() keep every type, shape and bit", () => {
  const tensors: Tensor[] = [
    { type: "float32", dims: [2, 2], data: Float32Array.of(-0, NaN, 1e-45, Infinity) },
    { type: "float64", dims: [1], data: Float64Array.of(Math.PI) },
    { type: "float16", dims: [2], data: Float16Array.of(65504, -0.1) },
    { type: "int64", dims: [2], data: BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n) },
    { type: "uint64", dims: [], data: BigUint64Array.of(2n ** 64n - 1n) },
    { type: "int8", dims: [3, 1], data: Int8Array.of(-128, 0, 127) },
    { type: "uint32", dims: [1], data: Uint32Array.of(2 ** 32 - 1) },
    { type: "bool", dims: [2], data: Uint8Array.of(1, 0) },
  ];
  for (const tensor of tensors) {
    const bytes = writeNpy(tensor);
    assert.equal((bytes.length - (tensor.data as Uint8Array).byteLength) % 64, 0);
    const again = parseNpy(bytes, "x");
    assert.deepEqual(again, tensor);
    assert.ok((again.data as Uint8Array).buffer instanceof SharedArrayBuffer);
  }
});

Deno.test("parseNpy() views data that already lies on shared memory", () => {
  const plain = writeNpy({ type: "float32", dims: [3], data: Float32Array.of(1, 2, 3) });
  const shared = new Uint8Array(new SharedArrayBuffer(plain.length));
  shared.set(plain);
  const { data } = parseNpy(shared, "x");
  assert.equal((data as Float32Array).buffer, shared.buffer);
});

Deno.test("parseNpy() refuses what is no array of numbers, and says what it is", () => {
  const refuse = (bytes: Uint8Array, message: RegExp) =>
    assert.throws(() => parseNpy(bytes, "x.npy"), (error) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, /^Cannot read x\.npy: /);
      assert.match(error.message, message);
      return true;
    });
  refuse(new Uint8Array(4), /not a numpy array/);
  refuse(npy(dict("'>f4'", "(1,)"), new Uint8Array(4)), /big-endian \(>f4\).*newbyteorder/);
  refuse(npy(dict("'|O'", "(1,)"), new Uint8Array(9)), /"\|O" \(Python objects\)/);
  refuse(npy(dict("'<c8'", "(1,)"), new Uint8Array(8)), /"<c8" is none of float16/);
  refuse(
    npy(dict("'<constructor'", "(1,)"), new Uint8Array(8)),
    /"<constructor" is none of float16/,
  );
  refuse(npy(dict("'<toString'", "(1,)"), new Uint8Array(8)), /"<toString" is none of float16/);
  refuse(
    npy(dict("[('a', '<f4')]", "(1,)"), new Uint8Array(4)),
    /: it is structured; save an array/,
  );
  for (const shape of ["(-8, 4)", "(-8, -4)", "(8.5, 4)", "(eight, 4)", "(1e9,)", "(+1,)"]) {
    assert.throws(() => parseNpy(npy(dict("'<f4'", shape), new Uint8Array(999)), "x.npy"), {
      name: "UserError",
      message: `Cannot read x.npy: its shape ${shape} is none; save the array again`,
    });
  }
  const ninth = npy(dict("'<f4'", "(1,)"), new Uint8Array(4));
  ninth[6] = 9;
  refuse(ninth, /its format version 9 is not known/);
  refuse(npy(dict("'<U1'", "(2,)"), new Uint8Array(8)), /holds texts; number them.*return_inverse/);
  refuse(npy(dict("'<V2'", "(1,)"), new Uint8Array(2)), /is how numpy saves bfloat16/);
  refuse(npy(dict("'<f4'", "(2,)"), new Uint8Array(7)), /cut off/);
  refuse(npy(dict("'<f4'", "(2,)"), new Uint8Array(8)).subarray(0, 20), /cut off/);
  refuse(npy(dict("'<f4'", "(99999999999999, 99999999999999)"), new Uint8Array(8)), /cut off/);
  refuse(npy("{'descr': '<f4'}", new Uint8Array(8)), /header is not numpy's/);
});

Deno.test("readNpy() names a file that is missing", async () => {
  await assert.rejects(
    readNpy("no/such.npy"),
    /^UserError: Cannot read no\/such\.npy: there is no such file$/,
  );
});

Deno.test("writeNpy() refuses types without a name in numpy", () => {
  const type: ElementType = "bfloat16";
  assert.throws(() => writeNpy({ type, dims: [1], data: Uint16Array.of(1) }), RangeError);
});
