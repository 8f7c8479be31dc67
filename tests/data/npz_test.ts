import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { crc32, deflateRawSync } from "node:zlib";
import { readNpz, writeNpz } from "../../lib/data/npz.ts";
import { writeNpy } from "../../lib/data/npy.ts";
import { float32, type Tensor } from "../../lib/tensor/tensor.ts";

const two: Record<string, Tensor> = {
  "input:0": float32([2, 2], [1, 2, 3, 4]),
  labels: { type: "int64", dims: [2], data: BigInt64Array.of(3n, -1n) },
};

/** What `writeNpz()` makes of arrays. */
async function npzBytes(arrays: Record<string, Tensor>): Promise<Uint8Array<ArrayBuffer>> {
  const path = await Deno.makeTempFile({ suffix: ".npz" });
  await writeNpz(path, arrays);
  const bytes = await Deno.readFile(path);
  await Deno.remove(path);
  return bytes;
}

/** The file of `two`, with a change. */
async function changed(change: (bytes: Uint8Array, view: DataView) => void): Promise<Uint8Array> {
  const bytes = await npzBytes(two);
  change(bytes, new DataView(bytes.buffer));
  return bytes;
}

Deno.test("readNpz() keeps names, types, shapes and values", async () => {
  const arrays = await readNpz(await npzBytes(two));
  assert.deepEqual(arrays, two);
  assert.ok((arrays.labels!.data as Uint8Array).buffer instanceof SharedArrayBuffer);
});

Deno.test("writeNpz() writes what readNpz() reads, and leaves no other file", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/a b#é.npz`;
    await Deno.writeTextFile(path, "older");
    await writeNpz(path, two);
    assert.deepEqual(await readNpz(path), two);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["a b#é.npz"]);
    await assert.rejects(writeNpz(`${folder}/no/such.npz`, two), /UserError: Cannot write/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("writeNpz() gives the same bytes for the same arrays", async () => {
  assert.deepEqual(await npzBytes(two), await npzBytes({ ...two }));
});

/** An archive of one deflated file, all of whose sizes stand in ZIP64 fields, as numpy may write. */
function zip64(data: Uint8Array, crc: number): Uint8Array {
  const packed = new Uint8Array(deflateRawSync(data));
  const name = new TextEncoder().encode("x.npy");
  const local = new DataView(new ArrayBuffer(30));
  local.setUint32(0, 0x04034b50, true);
  local.setUint16(8, 8, true);
  local.setUint16(26, name.length, true);
  const central = new DataView(new ArrayBuffer(46));
  central.setUint32(0, 0x02014b50, true);
  central.setUint16(10, 8, true);
  central.setUint32(16, crc, true);
  for (const at of [20, 24, 42]) central.setUint32(at, 0xffffffff, true);
  central.setUint16(28, name.length, true);
  central.setUint16(30, 4 + 3 + 4 + 24, true);
  const extra = new DataView(new ArrayBuffer(4 + 3 + 4 + 24));
  extra.setUint16(0, 0x5455, true); // another field first, which must be stepped over
  extra.setUint16(2, 3, true);
  extra.setUint16(7, 1, true);
  extra.setUint16(9, 24, true);
  extra.setBigUint64(11, BigInt(data.length), true);
  extra.setBigUint64(19, BigInt(packed.length), true);
  const directoryAt = 30 + name.length + packed.length;
  const directorySize = 46 + name.length + extra.byteLength;
  const end = new DataView(new ArrayBuffer(56));
  end.setUint32(0, 0x06064b50, true);
  end.setBigUint64(32, 1n, true);
  end.setBigUint64(40, BigInt(directorySize), true);
  end.setBigUint64(48, BigInt(directoryAt), true);
  const locator = new DataView(new ArrayBuffer(20));
  locator.setUint32(0, 0x07064b50, true);
  locator.setBigUint64(8, BigInt(directoryAt + directorySize), true);
  const last = new DataView(new ArrayBuffer(22));
  last.setUint32(0, 0x06054b50, true);
  for (const at of [8, 10]) last.setUint16(at, 0xffff, true);
  for (const at of [12, 16]) last.setUint32(at, 0xffffffff, true);
  const parts = [local, name, packed, central, name, extra, end, locator, last];
  return Uint8Array.from(parts.flatMap((part) => [...new Uint8Array(part.buffer)]));
}

Deno.test("readNpz() reads deflated files and ZIP64 sizes, past other extra fields", async () => {
  const tensor = float32([3], [1, 2, 3]);
  const bytes = writeNpy(tensor);
  assert.deepEqual((await readNpz(zip64(bytes, crc32(bytes)))).x, tensor);
});

Deno.test("readNpz() refuses a file that is missing, a folder, no archive, cut off, damaged", async () => {
  const whole = await npzBytes(two);
  const refuse = (source: Uint8Array | string, message: RegExp) =>
    assert.rejects(readNpz(source), { name: "UserError", message });
  await refuse("no/such.npz", /no\/such\.npz: there is no such file/);
  await refuse("tests", /Cannot read tests: it is a folder; name a file/);
  await refuse(new Uint8Array(), /not a zip archive/);
  await refuse(new TextEncoder().encode("x".repeat(100)), /not a zip archive/);
  const named = (array: string, from: string, to: string) =>
    npzBytes({ x: two.labels!, [array]: two.labels! })
      .then((bytes) =>
        Buffer.from(Buffer.from(bytes).toString("latin1").replaceAll(from, to), "latin1")
      );
  await refuse(await named("y", "y.npy", "x.npy"), /the archive holds two arrays "x"/);
  await refuse(
    await named("n/123/data", "123/data.npy", "123/data.pkl"),
    /it is PyTorch's; save it with numpy/,
  );
  await refuse(Uint8Array.of(0x89, 72, 68, 70), /it is HDF5.*; save the arrays with numpy\.savez/);
  await refuse(whole.subarray(0, -30), /cut off/);
  await refuse(whole.subarray(100), /damaged/);
  await refuse(await changed((bytes) => bytes[150]! ^= 1), /its "input:0\.npy" is damaged/);
  await refuse(
    await changed((_, view) =>
      view.setUint16(view.getUint32(view.byteLength - 6, true) + 8, 1, true)
    ),
    /input:0\.npy of npz bytes: it is encrypted/,
  );
  await refuse(zip64(writeNpy(two.labels!), 1), /its "x\.npy" is damaged/);
});
