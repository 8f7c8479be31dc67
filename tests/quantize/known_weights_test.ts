import assert from "node:assert/strict";
import type { Model } from "../../lib/onnx/model.ts";
import { makeTensorProto, readTensorProto } from "../../lib/onnx/tensor_proto.ts";
import { fuse } from "../../lib/passes/fuse.ts";
import type { FileRange } from "../../lib/passes/undo/undo_log.ts";
import { rememberIntegers } from "../../lib/passes/known_integers.ts";
import { convert } from "../../lib/quantize/convert.ts";
import { graphFacts } from "../../lib/quantize/graph_facts.ts";
import { fileWeights, knownWeights } from "../../lib/quantize/known_weights.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import {
  dynamicInt8,
  perTensor,
  type QConfig,
  staticInt8,
  weightOnly,
} from "../../lib/quantize/qconfig.ts";
import type { Tensor } from "../../lib/tensor/tensor.ts";
import { modelOf, random, run } from "../passes/fixtures.ts";

/** Facts of a graph whose constant w was these integers, [2, 2], with a scale for each row or one. */
function factsOf(
  data: Int8Array | Uint8Array,
  zeroPoints: readonly number[],
  axis: number | undefined = zeroPoints.length === 2 ? 0 : undefined,
) {
  const type = data instanceof Int8Array ? "int8" : "uint8";
  const { graph } = modelOf("input x float32[N, 2]\noutput y float32[N, 2]\ny = MatMul(x, v)", {
    v: random([2, 2], 1),
  });
  const w = makeTensorProto("w", { type: "float32", dims: [2, 2], data: new Float32Array(4) });
  rememberIntegers(w, {
    integers: { type, dims: [2, 2], data } as Tensor<"int8" | "uint8">,
    scales: Float32Array.of(0.5, 0.25).subarray(0, zeroPoints.length),
    zeroPoints: (type === "int8" ? Int8Array : Uint8Array).from(zeroPoints),
    axis,
  });
  return graphFacts({ ...graph, initializer: [...graph.initializer, w] });
}

Deno.test("fileWeights() takes zero points off where what is left is int8", () => {
  const taken = fileWeights("w", factsOf(Uint8Array.of(0, 255, 128, 1), [128]))!;
  assert.deepEqual([taken.type, ...taken.values], ["int8", -128, 127, 0, -127]);
  assert.deepEqual([...taken.zeroPoints], [0]);
  const rows = fileWeights("w", factsOf(Uint8Array.of(0, 15, 3, 14), [8, 2]))!;
  assert.deepEqual([rows.type, ...rows.values], ["int8", -8, 7, 1, 12]);
  assert.deepEqual([...rows.scales], [0.5, 0.25]);
});

Deno.test("fileWeights() keeps integers as uint8 where zero points leave more than int8 holds", () => {
  const kept = fileWeights("w", factsOf(Uint8Array.of(0, 255, 100, 7), [100]))!;
  assert.deepEqual([kept.type, ...kept.values, ...kept.zeroPoints], ["uint8", 0, 255, 100, 7, 100]);
  const moved = fileWeights("w", factsOf(Int8Array.of(-128, 127, 0, 5), [-20]))!;
  assert.deepEqual(
    [moved.type, ...moved.values, ...moved.zeroPoints],
    ["uint8", 0, 255, 128, 133, 108],
  );
});

Deno.test("knownWeights() repeats one scale for each channel, and takes one zero point only", () => {
  const wide = Uint8Array.of(0, 255, 0, 255);
  const one = knownWeights("w", 1, factsOf(wide, [100]))!;
  assert.deepEqual([...one.scales, ...one.zeroPoints], [0.5, 0.5, 100, 100]);
  assert.equal(knownWeights("w", 0, factsOf(wide, [100, 90])), undefined);
  assert.equal(knownWeights("w", 1, factsOf(wide, [128, 128])), undefined);
});

/** A product by integers of all 256 values with a zero point that leaves more than int8 holds. */
function product(layer: string, dims: number[], zeroPoint: number): Model {
  return modelOf(
    `input x float32[${layer === "Conv" ? "N, 16, 4, 4" : "N, 16"}]
     output y float32[${layer === "Conv" ? "N, 16, 4, 4" : "N, 16"}]
     d = DequantizeLinear(w, s, z); y = ${layer}(x, d)`,
    {
      w: { type: "uint8", dims, data: Uint8Array.from({ length: 256 }, (_, i) => 37 * i) },
      s: { type: "float32", dims: [], data: Float32Array.of(0.01) },
      z: { type: "uint8", dims: [], data: Uint8Array.of(zeroPoint) },
    },
  );
}

function written(model: Model, qconfig: QConfig): Model {
  return convert(fuse(model), qconfigMapping({ default: qconfig }));
}

Deno.test("weightOnly() gives layers the very weights of a file with an asymmetric zero point", async () => {
  const model = product("MatMul", [16, 16], 100);
  const feeds = { x: random([4, 16], 3) };
  const [given, own] = [await run(model, feeds), await run(written(model, weightOnly()), feeds)];
  assert.deepEqual(own, given);
});

Deno.test("dynamicInt8() writes the integers and the zero point of a file as they are", () => {
  for (const [layer, dims] of [["MatMul", [16, 16]], ["Conv", [16, 16, 1, 1]]] as const) {
    const { graph } = written(product(layer, [...dims], 100), dynamicInt8());
    const stored = graph.initializer.map((tensor) => readTensorProto(tensor));
    const large = stored.find(({ data }) => data.length === 256)!;
    assert.equal(large.type, "uint8");
    assert.deepEqual([...large.data as Uint8Array], [
      ...Uint8Array.from({ length: 256 }, (_, i) => 37 * i),
    ]);
    const zero = stored.find(({ type, data }) => type === "uint8" && data.length === 1)!;
    assert.equal(Number(zero.data[0]), 100, layer);
  }
});

Deno.test("integers that no kernel takes are not rounded anew, and the plan says why", () => {
  const data = Uint8Array.from({ length: 256 }, (_, i) => 37 * i);
  const scales = Float32Array.from({ length: 16 }, (_, c) => 0.01 + c / 1000);
  const why = (axis: number, zeroPoints: Uint8Array) => {
    const model = modelOf(
      `input x float32[N, 16]\noutput y float32[N, 16]
       d = DequantizeLinear(w, s, z) {axis=${axis}}; y = MatMul(x, d)`,
      {
        w: { type: "uint8", dims: [16, 16], data },
        s: { type: "float32", dims: [16], data: scales },
        z: { type: "uint8", dims: [16], data: zeroPoints },
      },
    );
    const plans = [dynamicInt8({ otherwise: weightOnly(), weight: perTensor }), staticInt8()].map(
      (qconfig) => convert(fuse(model), qconfigMapping({ default: qconfig, fileRanges: RANGES })),
    ).map(({ plan }) => plan.rows[0]!);
    return plans.map(({ applied, asked, why }) => `${applied ?? asked}: ${why}`);
  };
  const various = why(1, Uint8Array.from({ length: 16 }, (_, c) => 90 + c));
  assert.match(various[0]!, /^weightOnly: .* zero point for each channel/);
  assert.match(various[1]!, /^float32: .* zero point for each channel/);
  assert.match(why(0, new Uint8Array(16).fill(100))[0]!, /^weightOnly: .* kernels sum up/);
  // One scale was asked for, and the file has one for each channel.
  assert.deepEqual(why(1, new Uint8Array(16).fill(100)), ["dynamic: default", "static: default"]);
});

const RANGES = new Map<string, FileRange>([
  ["x", { type: "uint8", scale: 0.1, zeroPoint: 3 }],
  ["y", { type: "uint8", scale: 0.1, zeroPoint: 3 }],
]);
