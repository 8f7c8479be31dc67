import assert from "node:assert/strict";
import { cutModel, cutsOf } from "../../lib/replay/cuts.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import type { Runtime } from "../../lib/runtime/runtime.ts";
import { roundTensor } from "../../lib/replay/round_tensor.ts";
import { convert } from "../../lib/quantize/convert.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { staticInt8 } from "../../lib/quantize/qconfig.ts";
import { modelOf } from "../quantize/fixture.ts";
import { branchedModel, pictures, rangesOf } from "./network.ts";

let runtime: Runtime;
Deno.test.beforeAll(() => {
  runtime = openRuntime({ workers: 1 });
});
Deno.test.afterAll(() => runtime.close());

Deno.test("cutsOf() cuts where nothing is fused: not between a Conv and its Relu or Add", async () => {
  const cuts = await cutsOf(branchedModel(), runtime);
  assert.ok(cuts.has("x") && cuts.has("r1") && cuts.has("r2"), `${[...cuts.keys()]}`);
  assert.ok(!cuts.has("c1"), "its Relu is part of its kernel");
  assert.ok(!cuts.has("s"), "the Add is part of a Conv's kernel");
  assert.ok(!cuts.has("f"), "a Flatten only moves values");
  assert.equal(
    [cuts.has("c2"), cuts.has("c3")].filter(Boolean).length,
    1,
    "one Conv takes the Add",
  );
});

Deno.test("cutsOf() tells the types, and of shapes what the runtime knows by itself", async () => {
  const cuts = await cutsOf(branchedModel(), runtime);
  const { type } = cuts.get("r1")!;
  assert.equal(type!.value.case, "tensorType");
  const dims = type!.value.case === "tensorType" ? type!.value.value.shape!.dim : [];
  assert.deepEqual(dims.map(({ value }) => value.case === "dimValue" ? Number(value.value) : "N"), [
    ...["N", 8, 8, 8],
  ]);
});

Deno.test("cutsOf() knows the types of a network in which the runtime finds nothing to optimize", async () => {
  const model = modelOf(`graph g
    input x float32[N]
    output y float32[N]
    h = Exp(x)
    y = Abs(h)`);
  const cuts = await cutsOf(model, runtime);
  assert.deepEqual([...cuts.keys()].sort(), ["h", "x", "y"]);
  assert.ok([...cuts.values()].every(({ type }) => type?.value.case === "tensorType"));
});

Deno.test("cutsOf() cuts an int8 network where int8 kernels end", async () => {
  const model = branchedModel();
  const calibration = await rangesOf(model, pictures(4));
  const int8 = convert(model, qconfigMapping({ default: staticInt8() }), calibration);
  const cuts = await cutsOf(int8, runtime);
  const made = new Map(int8.graph.node.map(({ opType, output }) => [output[0]!, opType]));
  const makers = new Set([...cuts.keys()].map((name) => made.get(name)));
  assert.ok(makers.has("QuantizeLinear"));
  assert.ok(!makers.has("DequantizeLinear") && !makers.has("Conv"), `${[...makers]}`);
});

Deno.test("cutsOf() leaves out sequences, which cannot be fed", async () => {
  const model = modelOf(`graph g
    input x float32[4]
    output y float32[?]
    a = Exp(x)
    s = SplitToSequence(a) {axis=0}
    y = ConcatFromSequence(s) {axis=0}`);
  const cuts = await cutsOf(model, runtime);
  assert.deepEqual([...cuts.keys()].sort(), ["a", "x", "y"]);
});

Deno.test("cutsOf() is the inputs where the build does not tell what it fuses", async () => {
  const hidden: Runtime = {
    ...runtime,
    optimized: () => Promise.resolve(undefined),
  };
  assert.deepEqual([...(await cutsOf(branchedModel(), hidden)).keys()], ["x"]);
  const broken: Runtime = {
    ...runtime,
    optimized: () => Promise.reject(new Error("Out of memory")),
  };
  await assert.rejects(() => cutsOf(branchedModel(), broken), /Out of memory/);
});

Deno.test("cutModel() reads what does not change, and runs both Conv under an Add", async () => {
  const model = branchedModel();
  const cuts = await cutsOf(model, runtime);
  const behind = cutModel(model, roundTensor(model, "r2", { scale: 1, zeroPoint: 0 }), cuts);
  assert.deepEqual(behind.suffix.reads, ["r2"]);
  assert.deepEqual(behind.model.graph.output.map(({ name }) => name), ["logits"]);
  const ops = behind.model.graph.node.map(({ opType }) => opType);
  assert.equal(ops[0], "QuantizeLinear");
  assert.ok(!ops.includes("Conv"));
  const before = cutModel(model, roundTensor(model, "c2", { scale: 1, zeroPoint: 0 }), cuts);
  const convs = before.model.graph.node.filter(({ opType }) => opType === "Conv");
  assert.deepEqual(convs.map(({ name }) => name), ["conv2", "side"]);
  assert.deepEqual(before.suffix.reads, ["r1"]);
});
