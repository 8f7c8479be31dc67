import assert from "node:assert/strict";
import type { Model } from "../../lib/onnx/model.ts";
import type { FileRange } from "../../lib/passes/undo/undo_log.ts";
import { chooseMended } from "../../lib/task/choose_mended.ts";
import { formsOfFile } from "../../lib/task/file_forms.ts";
import { mendChanges } from "../../lib/task/mend_changes.ts";
import { decibelsBetween, isAsClose } from "../../lib/task/mend_closeness.ts";
import { mend } from "../../lib/task/run_mend.ts";
import { float32 } from "../../lib/tensor/tensor.ts";
import { modelOf } from "../quantize/fixture.ts";
import { clock } from "./clock.ts";
import { dynamicProduct } from "./dynamic_product.ts";
import { pacedRuntime } from "./tiny.ts";

/** A product as `quantize_dynamic` writes it. */
const dynamic = dynamicProduct("y = Mul(f, t) @ scaled");

/** A clock in which integers take ten times as long as float32. */
const slowInteger = ({ graph }: Model) =>
  graph.node.some(({ opType }) => /Integer|Quantize/.test(opType)) ? 10 : 1;
const options = { kernelTimer: clock, cache: false, rounds: 7 } as const;

Deno.test("mend() turns a dynamic product that is slow back into float32, with the integers of the file", async () => {
  const runtime = pacedRuntime(slowInteger);
  const mended = await mend(dynamic, { runtime, ...options });
  const { model, changes, latency, closeness } = mended;
  assert.ok(model);
  assert.deepEqual(changes.map(({ rule, result }) => [rule, result]), [
    ["dynamic-product", "more accurate"],
  ]);
  assert.ok(changes[0]!.nodes.includes("product"));
  assert.ok(latency.result!.ratio.high < 0.2 && latency.toFloat32!.ratio.value <= 1);
  assert.ok(closeness.file! < 60 && closeness.result! > 100, JSON.stringify(closeness));
  assert.deepEqual(model.graph.output.map(({ name }) => name), ["y"]);
  assert.ok(model.graph.initializer.some(({ dataType }) => dataType === 2 || dataType === 3));
  assert.match(mended.notes.join(" "), /×0\.10 .* of the file's time/);
});

Deno.test("mend() makes nothing of a file that no form is faster or smaller than", async () => {
  const fastIntegers = pacedRuntime((model) => 1 / slowInteger(model));
  const { model, changes, notes } = await mend(dynamic, { runtime: fastIntegers, ...options });
  assert.deepEqual([model, changes], [undefined, []]);
  assert.match(notes[0]!, /^Nothing to mend/);
});

Deno.test("mend() says which input it cannot make up", async () => {
  const open = modelOf(`input x float32[1, n]; output y float32[1, n]; y = Relu(x)`);
  await assert.rejects(
    mend(open, { runtime: pacedRuntime(), ...options }),
    /^UserError: Cannot make up an input for .*"x" is float32 \[1, n\]/,
  );
});

Deno.test("chooseMended() takes the fastest, or the smallest at the same time, or none", () => {
  const form = (bytes: number, value: number, spread: number) => ({
    bytes,
    ratio: { value, low: value - spread, high: value + spread, n: 9 },
  });
  const [fast, slower, small, doubtful] = [
    form(110, 0.5, 0.1),
    form(90, 0.7, 0.1),
    form(50, 1, 0.04),
    form(99, 0.97, 0.05),
  ];
  assert.equal(chooseMended([slower, fast, small], 100), fast);
  const alike = { ...form(120, 0.505, 0.1), closeness: 140 };
  const noisy = { ...form(90, 0.5, 0.1), closeness: 30 };
  assert.equal(chooseMended([noisy, slower, alike], 100), alike);
  const exact = { ...form(110, 0.508, 0.1), closeness: 150 };
  assert.equal(chooseMended([alike, noisy, exact], 100), exact);
  assert.equal(chooseMended([doubtful, small], 100), small);
  assert.equal(chooseMended([doubtful, form(50, 1.2, 0.05)], 100), undefined);
  assert.equal(chooseMended([form(50, 1, 0.2)], 100), undefined); // its time is not known well enough
  assert.equal(chooseMended([], 100), undefined);
});

Deno.test("formsOfFile() allows int8 only where the file rounds as much", () => {
  const range = { type: "int8", scale: 0.1, zeroPoint: 0 } as const;
  const { allows } = formsOfFile({
    model: dynamic,
    ranges: new Map<string, FileRange>([["a", range], ["b", range], ["wide", {
      ...range,
      type: "int16",
    }]]),
    layers: [{ node: "s", form: "static", from: [] }, { node: "d", form: "dynamic", from: [] }],
    left: [],
    clipped: new Set(),
  });
  const kernel = (name: string, inputs: string[], outputs: string[], opType = "Conv") => {
    const [node] = modelOf(`input x float32[1]; output y float32[1]; y = ${opType}(x) @ ${name}`)
      .graph.node;
    return { nodes: [node!], inputs, outputs };
  };
  assert.ok(allows!(kernel("s", ["a"], ["b"]), "static", undefined));
  assert.ok(allows!(kernel("s", ["a"], ["b"]), "dynamic", undefined));
  assert.ok(!allows!(kernel("s", ["none"], ["b"]), "dynamic", undefined));
  assert.ok(!allows!(kernel("d", ["a"], ["b"]), "static", undefined));
  assert.ok(!allows!(kernel("s", ["a"], ["none"]), "static", undefined));
  assert.ok(allows!(kernel("s", ["a"], ["none"], "MatMul"), "static", undefined));
  assert.ok(!allows!(kernel("s", ["wide"], ["b"]), "static", undefined));
  assert.ok(allows!(kernel("d", ["none"], ["none"]), "dynamic", undefined));
  assert.ok(!allows!(kernel("other", ["none"], ["none"]), "dynamic", undefined));
});

Deno.test("mendChanges() tells layers that compute as they did from those that do not", () => {
  const layer = (node: string, operator: string, more: object) => ({
    ...{ node, form: "static" as const, from: [{ name: `${node} of the file`, operator }] },
    ...more,
  });
  const named = (...operators: string[]) => operators.map((operator) => ({ name: "", operator }));
  const layers = [
    layer("a", "QLinearConv", { activations: "int8" }),
    layer("b", "QLinearConv", { activations: "uint8" }),
    layer("c", "ConvInteger", { form: "dynamic" }),
    layer("f", "QLinearMatMul", { activations: "int8" }),
    { node: "d", form: "weights" as const, from: named("Cast", "Mul", "MatMul") },
    { node: "e", form: "weights" as const, from: named("DequantizeLinear", "MatMul") },
  ];
  const model = modelOf(
    `input x float32[1, 2]
     output y float32[1, 2]
     float = Cast(stored) {to=1}
     scaled = Mul(float, scale)
     y = MatMul(x, scaled) @ d`,
    {
      stored: { type: "int8", dims: [2, 2], data: Int8Array.of(-127, -90, -53, -16) },
      scale: float32([], [0.1]),
    },
  );
  const traces = [
    { name: "a", form: "static" as const },
    { name: "b", form: "static" as const },
    { name: "c", form: "float32" as const },
    { name: "d", form: "weightOnly" as const },
    { name: "f", form: "dynamic" as const },
    { name: "e", form: "weightOnly" as const },
  ];
  const told = (sameBits: boolean, toFile: number) =>
    mendChanges(model, { model, layers }, { model, traces, sameBits, toFile })
      .map(({ rule, nodes, result }) => [rule, nodes, result]);
  assert.deepEqual(told(false, 40), [
    ["s8-activations", ["a of the file"], "same integers"],
    ["dynamic-convolution", ["c of the file"], "more accurate"],
    ["slow-integers", ["f of the file"], "more accurate"],
    ["dequantized-weights", ["e"], "same integers"],
  ]);
  assert.deepEqual(told(false, 120).map(([, , result]) => result), [
    "same to rounding",
    "more accurate",
    "more accurate",
    "same to rounding",
  ]);
  assert.deepEqual(new Set(told(true, 150).map(([, , result]) => result)), new Set(["same bits"]));
});

Deno.test("closeness counts only where both can be told, and rounding is no loss", () => {
  const outputs = (...values: number[]) => [{ y: float32([values.length], values) }];
  const dB = decibelsBetween(outputs(1, 2), outputs(1.1, 2.2))!;
  assert.ok(Math.abs(dB - 20) < 0.01);
  assert.equal(decibelsBetween(outputs(NaN), outputs(NaN)), undefined);
  assert.ok(isAsClose(110, 150) && isAsClose(29.6, 30) && !isAsClose(25, 30));
  assert.ok(isAsClose(undefined, undefined) && !isAsClose(undefined, 30));
});
