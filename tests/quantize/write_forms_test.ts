import assert from "node:assert/strict";
import { profileModel } from "../../lib/profile/profile_model.ts";
import { withTimes } from "../../lib/profile/plan_times.ts";
import { asExecuted } from "../../lib/quantize/as_executed.ts";
import { convert } from "../../lib/quantize/convert.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { readBack } from "../../lib/quantize/one_call.ts";
import { float32, staticInt8, weightOnly } from "../../lib/quantize/qconfig.ts";
import type { QuantizedModel } from "../../lib/quantize/quantized_model.ts";
import { withConvForms, writeForms } from "../../lib/quantize/write_forms.ts";
import { learnShapes } from "../../lib/runtime/learn_shapes.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import type { Runtime } from "../../lib/runtime/runtime.ts";
import { hasty } from "../cost/hasty.ts";
import { modelOf, quantized, samplesOf, sqnrBetween } from "./fixture.ts";

let runtime: Runtime;
Deno.test.beforeAll(() => {
  runtime = hasty(openRuntime({ workers: 1 }));
});
Deno.test.afterAll(() => runtime.close());

const network = modelOf(
  `input x float32[n, 4, 7, 6]
   output y float32[n, 4, 7, 6]
   a = Conv(x, w1, b1) {pads=[1, 1, 1, 1]} @ conv1
   r = Relu(a) @ relu1
   c = Conv(r, w2) {pads=[1, 1, 1, 1]} @ conv2
   s = Relu(c) @ relu2
   y = Conv(s, w2) {pads=[1, 1, 1, 1]} @ conv3`,
  { w1: [4, 4, 3, 3], b1: [4], w2: [4, 4, 3, 3] },
);
const [sample, ...samples] = samplesOf({ x: [1, 4, 7, 6] }, 3);

/** conv1 and conv3 in int8, conv2 as it is or with its weights as int8. */
const mixed = (conv2: typeof float32 | ReturnType<typeof weightOnly>) =>
  quantized(
    network,
    qconfigMapping({
      default: staticInt8({ kernels: "any" }),
      rules: [["conv2", conv2], ["relu2", float32]],
      onUnsupported: "float32",
    }),
    samples,
  );

async function written(model: QuantizedModel): Promise<QuantizedModel> {
  const base = { model: network, shapes: await learnShapes(network, sample!, { runtime }) };
  return writeForms(model, base, {
    convs: { conv1: "winograd 2x2", conv2: "winograd 4x4" },
    operators: "fast",
    decibels: { conv2: 119.6 },
  });
}

Deno.test("writeForms() writes the Convs that stayed float32 between int8 layers as Winograd's", async () => {
  for (const qconfig of [float32, weightOnly()]) {
    const before = await mixed(qconfig);
    const after = await written(before);
    const opTypes = (model: QuantizedModel) => model.graph.node.map(({ opType }) => opType);
    const convs = (model: QuantizedModel) => opTypes(model).filter((op) => op === "Conv").length;
    assert.deepEqual([convs(before), convs(after)], [3, 2]);
    const kept = await asExecuted(after, runtime);
    const batches = [sample!, samplesOf({ x: [3, 4, 7, 6] }, 1)[0]!];
    // A rounding to int8 behind it may fall the other way.
    assert.ok(await sqnrBetween(before, kept, batches) > 35, qconfig.kind);
  }
});

Deno.test("the plan has one row for a Conv that was written as Winograd's, and the time of all its nodes", async () => {
  const after = await readBack(await written(await mixed(float32)), runtime);
  const row = after.plan.rows.find(({ node }) => node === "conv2")!;
  assert.equal(row.executes, "Winograd 4x4");
  assert.match(row.why, /; 3x3 convolution as Winograd F\(4,3\), 120 dB, \+\d.*B in memory$/);
  assert.equal(after.plan.rows.find(({ node }) => node === "conv1")!.executes, "QLinearConv");
  const profile = await profileModel(after, [sample!], { runtime });
  const timed = withTimes(after, profile).plan.rows.find(({ node }) => node === "conv2")!;
  const own = after.traces.find(({ name }) => name === "conv2")!.pieces!.nodes;
  const sum = profile.nodes.filter(({ node }) => node !== undefined && own.has(node))
    .reduce((total, { ms }) => total + ms, 0);
  assert.ok(own.size > 10);
  assert.equal(timed.ms, sum);
});

Deno.test("a Conv with integer products has one row too, and the noise that it has in the network by itself", async () => {
  const base = { model: network, shapes: await learnShapes(network, sample!, { runtime }) };
  const convs = { conv2: "winograd 2x2, integers" } as const;
  const kept = convert(network, qconfigMapping({ default: float32 }));
  const after = await readBack(writeForms(kept, base, { convs, decibels: { conv2: 34 } }), runtime);
  const row = after.plan.rows.find(({ node }) => node === "conv2")!;
  assert.equal(row.executes, "Winograd 2x2, integers");
  assert.match(row.why, /; 3x3 convolution as Winograd F\(2,3\) with integer products, 34 dB, \+/);
  const alone = withConvForms(base, convs);
  const dB = await sqnrBetween(network, alone, [sample!]);
  assert.ok(dB > 25 && dB < 60, `${dB}`);
  assert.ok(await sqnrBetween(alone, after, [sample!]) > 200);
});

Deno.test("writeForms() gives the model itself where nothing is to be written", async () => {
  const model = await mixed(float32);
  const base = { model: network, shapes: await learnShapes(network, sample!, { runtime }) };
  assert.equal(writeForms(model, base, {}), model);
  assert.equal(writeForms(model, base, { convs: { conv1: "winograd 2x2" } }), model);
});
