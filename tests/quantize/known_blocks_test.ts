import assert from "node:assert/strict";
import { readTensorProto } from "../../lib/onnx/tensor_proto.ts";
import type { KnownIntegers } from "../../lib/passes/known_integers.ts";
import { undoInt8 } from "../../lib/passes/undo/undo_int8.ts";
import { convert } from "../../lib/quantize/convert.ts";
import { areBlocks, type BlockWriter, writeKnownBlocks } from "../../lib/quantize/known_blocks.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { float32, type QConfig, weightOnly } from "../../lib/quantize/qconfig.ts";
import { float32 as float32s, type Tensor } from "../../lib/tensor/tensor.ts";
import { modelOf, random, run } from "../passes/fixtures.ts";

Deno.test("writeKnownBlocks() takes zero points off and fills the last block up", () => {
  const known = {
    integers: { type: "uint8", dims: [3, 2], data: Uint8Array.of(8, 1, 15, 2, 0, 3) },
    bits: 4,
    scales: Float32Array.of(0.5, 1, 2, 4),
    zeroPoints: Uint8Array.of(8, 1, 0, 3),
    axis: 0,
    blockSize: 2,
  } as const satisfies KnownIntegers;
  assert.ok(areBlocks(known));
  const stored: (Tensor & { packed?: string })[] = [];
  const constant: BlockWriter["constant"] = (base, tensor, options) => {
    stored.push({ ...tensor, ...options });
    return base;
  };
  const nodes = writeKnownBlocks("w", known, { constant, fresh: (base) => base, packs: true });
  assert.deepEqual(nodes.map(({ opType }) => opType), ["Cast", "Mul", "Reshape", "Slice"]);
  const [integers, scales] = stored as [Tensor & { packed?: string }, Tensor];
  assert.deepEqual([integers.packed, ...integers.dims], ["int4", 2, 2, 2]);
  assert.deepEqual([...integers.data].map(Number), [0, 0, 7, 1, 0, 0, 0, 0]);
  assert.deepEqual(scales.dims, [2, 1, 2]);
});

Deno.test("blocks of eight bits keep zero points that leave more than int8 holds", async () => {
  const file = modelOf(
    `input x float32[N, 16]\noutput y float32[N, 16]
     d = DequantizeLinear(w, s, z) {axis=0, block_size=8}; y = MatMul(x, d)`,
    {
      w: {
        type: "uint8",
        dims: [16, 16],
        data: Uint8Array.from({ length: 256 }, (_, i) => 255 - i),
      },
      s: float32s([2, 16], Float32Array.from({ length: 32 }, (_, i) => (i + 1) / 64)),
      z: { type: "uint8", dims: [2, 16], data: Uint8Array.from({ length: 32 }, (_, i) => 8 * i) },
    },
    21,
  );
  const own = convert(undoInt8(file).model, qconfigMapping({ default: weightOnly() }));
  const operators = ["Cast", "Sub", "Mul", "Reshape", "MatMul"];
  assert.deepEqual(own.graph.node.map(({ opType }) => opType), operators);
  const feeds = { x: random([3, 16], 4) };
  assert.deepEqual(await run(own, feeds), await run(file, feeds));
});

Deno.test("weights in blocks come out with the values that the file gave them", async () => {
  const data = Int8Array.from({ length: 640 }, (_, i) => (5 * i) % 16 - 8);
  const file = modelOf(
    `input x float32[N, 40]\noutput y float32[N, 16]
     d = DequantizeLinear(w, s) {axis=0, block_size=10}; y = MatMul(x, d)`,
    {
      w: { type: "int8", dims: [40, 16], data },
      s: random([4, 16], 2),
    },
    21,
  );
  const scales = file.graph.initializer.find(({ name }) => name === "s")!;
  const positive = (readTensorProto(scales).data as Float32Array).map(Math.abs);
  scales.rawData = new Uint8Array(positive.buffer.slice(0));
  const undone = undoInt8(file).model;
  const feeds = { x: random([3, 40], 4) };
  const given = await run(file, feeds);
  const stored: [QConfig, number][] = [[weightOnly({ bits: 4 }), 320], [weightOnly(), 640]];
  for (const [qconfig, bytes] of [...stored, [float32, 640] as const]) {
    const own = convert(undone, qconfigMapping({ default: qconfig }));
    const largest = Math.max(...own.graph.initializer.map(({ rawData }) => rawData?.length ?? 0));
    assert.equal(largest, bytes);
    assert.deepEqual(await run(own, feeds), given);
  }
});
