import assert from "node:assert/strict";
import type { Model } from "../../lib/onnx/model.ts";
import { readTensorProto } from "../../lib/onnx/tensor_proto.ts";
import { fuse } from "../../lib/passes/fuse.ts";
import { integersOf } from "../../lib/passes/known_integers.ts";
import { convert } from "../../lib/quantize/convert.ts";
import { requireFloat } from "../../lib/quantize/decide.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { dynamicInt8, float32, weightOnly } from "../../lib/quantize/qconfig.ts";
import { float32 as floats, type Tensor } from "../../lib/tensor/tensor.ts";
import { error, modelOf, random, run } from "./fixtures.ts";

/** A layer whose weights were trained with fake quantization, and its activations not. */
function trained(): Model {
  const scales = Float32Array.from({ length: 16 }, (_, i) => 0.02 + i / 1000);
  return modelOf(
    `input x float32[N, 32]
     output y float32[N, 16]
     q = QuantizeLinear(w, s, z) {axis=0}; d = DequantizeLinear(q, s, z) {axis=0}
     y = Gemm(x, d) {transB=1}`,
    {
      w: random([16, 32], 1),
      s: floats([16], scales),
      z: { type: "int8", dims: [16], data: new Int8Array(16) },
    },
  );
}

const feeds = { x: random([3, 32], 2) };

/** The large integers that a model holds. */
function integers(model: Model): Tensor["data"] {
  const large = model.graph.initializer.map((tensor) => readTensorProto(tensor))
    .filter(({ data }) => data.length > 64);
  assert.deepEqual(large.map(({ type }) => type), ["int8"]);
  return large[0]!.data;
}

Deno.test("fuse() has a layer of float32 activations read its integers as weights, and remembers them", async () => {
  const model = trained();
  const fused = fuse(model);
  assert.deepEqual(fused.graph.node.map(({ opType }) => opType), ["Gemm"]);
  const [w] = fused.graph.initializer;
  const known = integersOf(w)!;
  assert.equal(known.axis, 0);
  const values = readTensorProto(w!).data;
  assert.equal(values[40], Math.fround(known.integers.data[40]! * known.scales[1]!));
  assert.ok(error(await run(fused, feeds), await run(model, feeds)) < 1e-6);
  assert.equal(fuse(fused).proto, fused.proto);
});

Deno.test("convert() takes the integers of trained weights as they are, whatever it makes of the layer", async () => {
  const model = trained();
  const fused = fuse(model);
  const known = [...integersOf(fused.graph.initializer[0])!.integers.data as Int8Array].sort();
  for (const qconfig of [dynamicInt8(), weightOnly(), float32]) {
    const int8 = convert(fused, qconfigMapping({ default: qconfig }));
    assert.deepEqual([...integers(int8) as Int8Array].sort(), known);
    const limit = qconfig.kind === "dynamic" ? 0.02 : 1e-6;
    assert.ok(error(await run(int8, feeds), await run(model, feeds)) < limit);
  }
});

Deno.test("fuse() leaves weights as integers whose layer reads integers too, and all that no layer reads", () => {
  const int8 = modelOf(
    `input x float32[N, 4]
     output y float32[N, 4]
     tensor s float32[] = [0.5]; tensor z uint8[] = [0]; tensor w int8[4, 4] = [${
      Array(16).fill(1)
    }]
     q = QuantizeLinear(x, s, z); d = DequantizeLinear(q, s, z); k = DequantizeLinear(w, s)
     y = MatMul(d, k)`,
  );
  assert.equal(fuse(int8).proto, int8.proto);
  const sum = modelOf(
    `input x float32[N, 4]
     output y float32[N, 4]
     tensor s float32[] = [0.5]; tensor w int8[4] = [1, 2, 3, 4]
     k = DequantizeLinear(w, s); y = Add(x, k)`,
  );
  assert.equal(fuse(sum).proto, sum.proto);
});

Deno.test("a network that was trained to be int8 is none yet while its file holds floats", () => {
  const text = (weights: string) =>
    `input x float32[N, 4]
     output y float32[N, 4]
     tensor s float32[] = [0.5]; tensor u uint8[] = [0]; tensor z int8[] = [0]
     q = QuantizeLinear(x, s, u); d = DequantizeLinear(q, s, u)
     ${weights}; k = DequantizeLinear(r, s, z); m = MatMul(d, k)
     o = QuantizeLinear(m, s, u); y = DequantizeLinear(o, s, u)`;
  const qat = modelOf(text("r = QuantizeLinear(w, s, z)"), { w: random([4, 4], 1) });
  requireFloat(fuse(qat).graph); // it becomes smaller: nothing to refuse
  const r: Tensor = { type: "int8", dims: [4, 4], data: new Int8Array(16).fill(3) };
  const done = modelOf(text("i = Identity(x)"), { r });
  assert.throws(() => requireFloat(fuse(done).graph), /it is int8 already, as MatMul node/);
});

Deno.test("fuse() leaves weights whose scales are for blocks, though they are as many as there are columns", () => {
  const blocked = modelOf(
    `input x float32[N, 2]
     output y float32[N, 2]
     tensor w int8[2, 2] = [1, 1, 1, 1]; tensor s float32[2, 1] = [10.0, 100.0]
     d = DequantizeLinear(w, s) {axis=1, block_size=2}
     y = MatMul(x, d)`,
    {},
    21,
  );
  assert.equal(fuse(blocked).proto, blocked.proto);
});
