import assert from "node:assert/strict";
import { learnShapes } from "../../lib/runtime/learn_shapes.ts";
import { lowerForWasm } from "../../lib/passes/lower_for_wasm.ts";
import { qconfigMapping, type Rule } from "../../lib/quantize/mapping.ts";
import { float32, staticInt8, weightOnly } from "../../lib/quantize/qconfig.ts";
import { modelOf, quantized, samplesOf } from "./fixture.ts";

Deno.test("a kernel whose products are static here and stored small there is in the file once", async () => {
  const conv = modelOf(
    `input x float32[N, 16, 3, 3]; output y float32[N, 16, 3, 3]
     y = Conv(x, w) {pads=[1, 1, 1, 1]} @ conv`,
    { w: [16, 16, 3, 3] },
  );
  const samples = samplesOf({ x: [4, 16, 3, 3] }, 2);
  const lowered = lowerForWasm(conv, await learnShapes(conv, samples[0]!), {
    convToGemm: { form: () => "perPosition" },
  });
  const products = lowered.graph.node.filter(({ opType }) => opType === "Gemm");
  const rules = products.map(({ name }, i): Rule => [name, i % 2 ? staticInt8() : weightOnly()]);
  const int8 = await quantized(lowered, qconfigMapping({ default: float32, rules }), samples);
  const large = int8.graph.initializer.filter(({ rawData = [] }) => rawData.length >= 9 * 16 * 16);
  assert.equal(large.length, 1);
});
