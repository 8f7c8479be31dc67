import assert from "node:assert/strict";
import type { Model } from "../../../lib/onnx/model.ts";
import { undoInt8 } from "../../../lib/passes/undo/undo_int8.ts";
import { layerFindings } from "../../../lib/task/findings/layer_findings.ts";
import { LAYER_RULES, ruleOf } from "../../../lib/task/findings/layer_rules.ts";
import { type LayerView, layerViews } from "../../../lib/task/findings/layer_view.ts";
import type { Tensor } from "../../../lib/tensor/tensor.ts";
import { float32 } from "../../../lib/tensor/tensor.ts";
import { modelOf } from "../../quantize/fixture.ts";

const integers = (type: "int8" | "uint8" | "int16", dims: number[], value = 1): Tensor => {
  const Typed = { int8: Int8Array, uint8: Uint8Array, int16: Int16Array }[type];
  const data = new Typed(dims.reduce((a, b) => a * b, 1)).fill(value);
  return { type, dims, data } as Tensor;
};
const scale = float32([], [0.1]);

/** Layers of a file, with what the runtime would execute for each. */
function viewsOf(file: Model, runs: readonly string[], ms = 2): LayerView[] {
  const { layers, model } = undoInt8(file);
  const costs = layers.map(() => ({ ms, otherMs: 1, runs }));
  return layerViews(layers, costs, model.graph, file.graph);
}

/** A QDQ file of one operator on 4 channels, rounded before and behind. */
function qdq(middle: string, type: "int8" | "uint8" | "int16", weights: Record<string, Tensor>) {
  return modelOf(
    `input x float32[1, 4, 4, 4]
     output y float32[]
     qx = QuantizeLinear(x, s, z) @ q1
     a = DequantizeLinear(qx, s, z) @ d1
     ${middle}
     qh = QuantizeLinear(h, s, z) @ q2
     y = DequantizeLinear(qh, s, z) @ d2`,
    { s: scale, z: integers(type, [], 0), ...weights },
    21,
  );
}

const conv = {
  w: integers("int8", [4, 4, 1, 1]),
  wz: integers("int8", [], 0),
};
const CONV = "wf = DequantizeLinear(w, s, wz) @ dw\nh = Conv(a, wf) @ conv";
const INTEGERS = ["QuantizeLinear", "QLinearConv", "DequantizeLinear"];
const FLOATS = ["QuantizeLinear", "DequantizeLinear", "Conv", "QuantizeLinear"];

/** The rule of the one layer that a file has. */
function ruleOfOne(file: Model, runs: readonly string[]): string {
  const views = viewsOf(file, runs);
  assert.equal(views.length, 1, views.map(({ layer }) => layer.node).join());
  return ruleOf(views[0]!).id;
}

Deno.test("a static layer is told by its activations, its kernel and what stands around", () => {
  assert.equal(ruleOfOne(qdq(CONV, "int8", conv), INTEGERS), "s8-activations");
  assert.equal(ruleOfOne(qdq(CONV, "uint8", conv), INTEGERS), "static-product");
  assert.equal(ruleOfOne(qdq(CONV, "int8", conv), FLOATS), "s8-shared-activations");
  assert.equal(ruleOfOne(qdq(CONV, "uint8", conv), FLOATS), "unfused-product");
  assert.equal(ruleOfOne(qdq(CONV, "int16", conv), FLOATS), "wide-activations");
  const clipped = CONV.replace("h = ", "c = ") + "\nh = Clip(c) @ clip";
  assert.equal(ruleOfOne(qdq(clipped, "uint8", conv), FLOATS), "activation-between");
  const depthwise = CONV.replace(" @ conv", " {group=4} @ conv");
  const thin = { ...conv, w: integers("int8", [4, 1, 1, 1]) };
  assert.equal(ruleOfOne(qdq(depthwise, "uint8", thin), INTEGERS), "depthwise-integers");
  const grouped = depthwise.replace("group=4", "group=2");
  const halved = { ...conv, w: integers("int8", [4, 2, 1, 1]) };
  assert.equal(ruleOfOne(qdq(grouped, "uint8", halved), INTEGERS), "static-product");
});

Deno.test("operators besides products are told by whether they run on integers", () => {
  const sum = qdq("h = Add(a, a) @ add", "uint8", {});
  assert.equal(ruleOfOne(sum, ["QLinearAdd"]), "slow-integers");
  assert.equal(ruleOfOne(sum, ["DequantizeLinear", "Add", "QuantizeLinear"]), "unfused-operators");
  const scores = qdq("h = MatMul(a, a) @ scores", "uint8", {});
  assert.equal(ruleOfOne(scores, ["QLinearMatMul"]), "quantized-scores");
});

/** A dynamic layer as `quantize_dynamic` writes it. */
const dynamic = (operator: string, weights: Tensor) =>
  modelOf(
    `input x float32[1, 4, 4, 4]
     output y float32[]
     q, s, z = DynamicQuantizeLinear(x) @ quantize
     i = ${operator}(q, w, z, wz) @ product
     f = Cast(i) {to=1} @ cast
     t = Mul(s, ws) @ scales
     y = Mul(f, t) @ scaled`,
    { w: weights, wz: integers(weights.type as "int8", [], 0), ws: scale },
  );

Deno.test("a dynamic layer is told by its operator and the type of its weights", () => {
  const ruled = (operator: string, weights: Tensor) =>
    ruleOfOne(dynamic(operator, weights), [operator]);
  const taps = [4, 4, 1, 1];
  assert.equal(ruled("ConvInteger", integers("int8", taps)), "s8-weights-in-conv-integer");
  assert.equal(ruled("ConvInteger", integers("uint8", taps)), "dynamic-convolution");
  assert.equal(ruled("MatMulInteger", integers("int8", [4, 4])), "dynamic-product");
});

Deno.test("weights are told by what expands them, and in which order", () => {
  const weights = (text: string) =>
    ruleOfOne(
      modelOf(
        `input x float32[2, 4]\ninput at int64[2]\noutput y float32[]\n${text}`,
        { w: integers("int8", [4, 4]), s: scale },
        21,
      ),
      ["DequantizeLinear"],
    );
  assert.equal(
    weights("f = DequantizeLinear(w, s) @ d\ny = Gather(f, at) @ rows"),
    "dequantized-table",
  );
  assert.equal(
    weights("f = DequantizeLinear(w, s) @ d\ny = MatMul(x, f) @ product"),
    "dequantized-weights",
  );
});

Deno.test("every rule has an id of its own, and the last of each form holds for what no other does", () => {
  const ids = LAYER_RULES.map(({ id }) => id);
  assert.deepEqual([...new Set(ids)], ids);
  for (const form of ["static", "dynamic", "weights"] as const) {
    const view: LayerView = {
      layer: { node: "?", form, from: [] },
      cost: { ms: 1, otherMs: 1, runs: [] },
      node: undefined,
      readers: [],
      constant: () => undefined,
    };
    assert.ok(ruleOf(view), form);
  }
});

Deno.test("layerFindings() tells slow layers by their rule, and counts those that are not slow", () => {
  const [view] = viewsOf(dynamic("MatMulInteger", integers("int8", [4, 4])), ["MatMulInteger"]);
  const taking = (ms: number): LayerView => ({ ...view!, cost: { ...view!.cost, ms, otherMs: 2 } });
  const { findings, faster, alike } = layerFindings([4, 6, 2.1, 1].map(taking), 20);
  assert.equal(findings.length, 1);
  const { rule, layers, ms, share, mendedMs, savesMs, nodes } = findings[0]!;
  assert.deepEqual(
    [rule, layers, ms, share, mendedMs, savesMs, nodes],
    ["dynamic-product", 2, 10, 0.5, 4, 6, ["product"]],
  );
  assert.deepEqual([faster, alike], [{ layers: 1, ms: 1, float32Ms: 2 }, 1]);
});
