import assert from "node:assert/strict";
import type { Model } from "../../../lib/onnx/model.ts";
import { parseGraph } from "../../../lib/onnx/text.ts";
import { undoInt8 } from "../../../lib/passes/undo/undo_int8.ts";
import { formFindings } from "../../../lib/task/findings/form_findings.ts";
import { GRAPH_RULES } from "../../../lib/task/findings/graph_rules.ts";
import { float32, type Tensor } from "../../../lib/tensor/tensor.ts";
import { modelOf } from "../../quantize/fixture.ts";

const uint8 = (value: number): Tensor<"uint8"> => ({
  ...{ type: "uint8", dims: [] },
  data: Uint8Array.of(value),
});

/** What the rules find in a file that runs as a graph of this text; each node takes a millisecond. */
function found(model: Model, runs: string, floats: readonly string[] = []) {
  const graph = parseGraph(`input x float32[1]\noutput y float32[1]\n${runs}`);
  const nodes = graph.node.map((node) => ({
    ...{ node, covers: [node.name], ms: 1, executions: 1 },
  }));
  const timed = { graph, nodes };
  const view = { model, undone: undoInt8(model), floats, timed, wholeMs: nodes.length };
  return GRAPH_RULES.flatMap((rule) => rule(view) ?? [])
    .map(({ rule, nodes, ms }) => [rule, nodes, ...ms === undefined ? [] : [ms]]);
}

Deno.test("a float32 file in which all is right has no finding", () => {
  const model = modelOf("input x float32[1]\noutput y float32[1]\ny = Exp(x) @ exp");
  assert.deepEqual(found(model, "c = Cast(x) @ cast\ny = Exp(c) @ exp"), []);
});

Deno.test("Casts count against a file that computes in float16", () => {
  const model = modelOf("input x float16[1]\noutput y float16[1]\ny = Exp(x) @ exp");
  const runs = "c = Cast(x) @ before\nh = Exp(c) @ exp\ny = Cast(h) @ behind";
  assert.deepEqual(found(model, runs, ["float16"]), [[
    "float16-operators",
    ["before", "behind"],
    2,
  ]]);
});

Deno.test("a float32 Conv that runs as QLinearConv was rounded by the runtime", () => {
  const model = modelOf(
    `input x float32[1, 2, 4, 4]
     output y float32[1, 2, 4, 4]
     q = QuantizeLinear(x, s, z) @ q
     d = DequantizeLinear(q, s, z) @ d
     h = Conv(d, w) @ conv
     r = QuantizeLinear(h, s, z) @ r
     y = DequantizeLinear(r, s, z) @ e`,
    { s: float32([], [0.1]), z: uint8(3), w: [2, 2, 1, 1] },
  );
  assert.deepEqual(found(model, "q = QuantizeLinear(x) @ q\ny = QLinearConv(q) @ conv"), [
    ["rounded-weights", ["conv"]],
  ]);
  assert.deepEqual(found(model, "y = Conv(x) @ conv"), []);
});

Deno.test("a Softmax with steps of 1/256 is told, one with steps of 1/255 is not", () => {
  const softmax = (step: number) =>
    modelOf(
      `input x float32[1, 4]
       output y float32[1, 4]
       q = QuantizeLinear(x, s, z) @ q
       d = DequantizeLinear(q, s, z) @ d
       h = Softmax(d) @ softmax
       r = QuantizeLinear(h, step, z) @ r
       y = DequantizeLinear(r, step, z) @ e`,
      { s: float32([], [0.1]), z: uint8(0), step: float32([], [step]) },
    );
  assert.deepEqual(found(softmax(1 / 256), "y = QLinearSoftmax(x) @ softmax"), [
    ["rounded-softmax", ["softmax"]],
  ]);
  assert.deepEqual(found(softmax(1 / 255), "y = QLinearSoftmax(x) @ softmax"), []);
});

Deno.test("integers that are not known are told with the reason", () => {
  const model = modelOf(
    `input x uint8[4]
     output y float32[4]
     y = DequantizeLinear(x, s) @ given`,
    { s: float32([], [0.1]) },
  );
  const [[rule, nodes, ms]] = found(model, "y = DequantizeLinear(x) @ given") as [unknown[]];
  assert.deepEqual([rule, nodes, ms], ["unknown-integers", ["given"], 1]);
});

Deno.test("formFindings() joins operators of a kind, a norm in its parts under the name it runs by", () => {
  const cost = (ms: number, otherMs: number, ...runs: string[]) => ({ ms, otherMs, runs });
  const findings = formFindings([
    { name: "a", opType: "Relu", cost: cost(3, 1, "Relu") },
    { name: "b", opType: "Relu", cost: cost(4, 1, "Relu") },
    { name: "c", opType: "ReduceMean", cost: cost(5, 2, "LayerNormalization") },
    { name: "d", opType: "Pow", cost: cost(1, 0.5, "Pow") },
  ], 20);
  assert.deepEqual(
    findings.map(({ rule, title, nodes, savesMs }) => [rule, title, nodes.join(), savesMs]),
    [
      ["slow-activations", "Relu in a slow form", "a,b", 5],
      ["slow-norms", "LayerNormalization in a slow form", "c", 3],
      ["slow-operators", "Pow in a slow form", "d", 0.5],
    ],
  );
});
