import assert from "node:assert/strict";
import type { Model } from "../../lib/onnx/model.ts";
import { makeTensorProto } from "../../lib/onnx/tensor_proto.ts";
import { parseGraph } from "../../lib/onnx/text.ts";
import { carryIntegers } from "../../lib/passes/carry_integers.ts";
import { foldConstants } from "../../lib/passes/fold_constants.ts";
import { fuse } from "../../lib/passes/fuse.ts";
import {
  integersOf,
  type KnownIntegers,
  rememberIntegers,
} from "../../lib/passes/known_integers.ts";
import { lowerForWasm } from "../../lib/passes/lower_for_wasm.ts";
import { float32 } from "../../lib/tensor/tensor.ts";
import { batchNorm, modelOf } from "./fixtures.ts";
import { shapesOf } from "./lowering.ts";

/** [[1, -2, 3], [-128, 127, 0]] with scales of 0.5 and 0.1. */
const KNOWN: KnownIntegers = {
  integers: { type: "int8", dims: [2, 3], data: Int8Array.of(1, -2, 3, -128, 127, 0) },
  scales: Float32Array.of(0.5, 0.1),
  zeroPoints: new Int8Array(2),
  axis: 0,
};
const TENTH = Math.fround(0.1);
const VALUES = [0.5, -1, 1.5, Math.fround(-128 * TENTH), Math.fround(127 * TENTH), 0];

Deno.test("carryIntegers() follows weights that are turned or shaped anew, with their own scales", () => {
  const turned = [0, 3, 1, 4, 2, 5].map((i) => VALUES[i]!);
  const carried = carryIntegers(KNOWN, float32([3, 2], turned))!;
  assert.deepEqual([...carried.integers.data], [1, -128, -2, 127, 3, 0]);
  assert.deepEqual([carried.axis, ...carried.scales], [1, 0.5, TENTH]);
  const shaped = carryIntegers(KNOWN, float32([2, 1, 3], VALUES))!;
  assert.deepEqual([shaped.axis, ...shaped.integers.dims], [0, 2, 1, 3]);
});

Deno.test("carryIntegers() takes factors of channels into the scales, and signs into the integers", () => {
  const scaled = VALUES.map((x, i) => x * (i < 3 ? -4 : 0.3));
  const carried = carryIntegers(KNOWN, float32([2, 3], scaled))!;
  assert.deepEqual([...carried.integers.data], [-1, 2, -3, -128, 127, 0]);
  assert.deepEqual([...carried.scales], [2, Math.fround(0.3 * TENTH)]);
  // The integer that would stand for 128 steps is none.
  assert.equal(carryIntegers(KNOWN, float32([2, 3], VALUES.map((x) => -x))), undefined);
});

Deno.test("carryIntegers() forgets integers where one value is another", () => {
  const other = VALUES.with(2, 1.5000005);
  assert.equal(carryIntegers(KNOWN, float32([2, 3], other)), undefined);
  assert.equal(carryIntegers(KNOWN, float32([2, 3], VALUES.map((x, i) => x * (i + 1)))), undefined);
});

Deno.test("carryIntegers() follows scales of blocks where weights are turned and scaled", () => {
  const known: KnownIntegers = {
    integers: { type: "int8", dims: [3, 2], data: Int8Array.of(1, -2, 3, 4, 5, 6) },
    scales: Float32Array.of(1, 10, 100, 1000),
    ...{ zeroPoints: new Int8Array(4), axis: 0, blockSize: 2, bits: 4 },
  };
  const halves = float32([2, 3], [0.5, 1.5, 250, -10, 20, 3000]);
  const { integers, scales, axis, blockSize, bits } = carryIntegers(known, halves)!;
  assert.deepEqual([...integers.data], [1, 3, 5, -2, 4, 6]);
  assert.deepEqual([axis, blockSize, bits, ...scales], [1, 2, 4, 0.5, 50, 5, 500]);
});

Deno.test("foldConstants() carries integers through what moves and joins them", () => {
  const graph = parseGraph(`input x float32[N, 3]\noutput y float32[N, 4]
    l = Transpose(v); r = Transpose(w); k = Concat(l, r) {axis=1}; y = MatMul(x, k)`);
  for (const [name, scale] of [["v", 0.5], ["w", 2]] as const) {
    const values = Array.from(KNOWN.integers.data, (q) => q * scale);
    const made = makeTensorProto(name, float32([2, 3], values));
    const scales = Float32Array.of(scale);
    rememberIntegers(made, { ...KNOWN, scales, zeroPoints: new Int8Array(1), axis: undefined });
    graph.initializer.push(made);
  }
  const known = integersOf(foldConstants(graph).initializer.find(({ name }) => name === "k"));
  assert.deepEqual(known!.integers.dims, [3, 4]);
  assert.deepEqual(
    [...known!.integers.data],
    [1, -128, 1, -128, -2, 127, -2, 127, 3, 0, 3, 0],
  );
  assert.deepEqual([known!.axis, ...known!.scales], [1, 0.5, 0.5, 2, 2]);
});

Deno.test("a Conv keeps its integers when a BatchNorm is folded in and it becomes a Gemm", async () => {
  const data = Int8Array.from({ length: 72 }, (_, i) => (29 * i) % 127 - 60);
  const fused = fuse(modelOf(
    `input x float32[1, 2, 2, 2]\noutput y float32[1, 4, 2, 2]
     d = DequantizeLinear(k, s); c = Conv(x, d) {pads=[1, 1, 1, 1]} @ conv
     y = BatchNormalization(c, n.weight, n.bias, n.mean, n.var)`,
    {
      k: { type: "int8", dims: [4, 2, 3, 3], data },
      s: float32([], [0.02]),
      ...batchNorm("n", 4, 3),
    },
  ));
  const sizes = (known: readonly KnownIntegers[]) =>
    known.map(({ axis, integers }) => [axis, ...integers.data.map(Math.abs).toSorted()]);
  const wanted = [...data.map(Math.abs).toSorted()];
  const knownIn = ({ graph }: Model) => graph.initializer.flatMap((one) => integersOf(one) ?? []);
  assert.deepEqual(sizes(knownIn(fused)), [[0, ...wanted]]);
  const form = () => "im2col" as const;
  const lowered = lowerForWasm(fused, await shapesOf(fused, { x: [1, 2, 2, 2] }), {
    convToGemm: { form },
  });
  assert.deepEqual(lowered.graph.node.filter(({ opType }) => opType === "Gemm").length, 1);
  const [known] = knownIn(lowered);
  assert.deepEqual(known!.integers.dims, [18, 4]);
  assert.deepEqual(sizes([known!]), [[1, ...wanted]]);
});
