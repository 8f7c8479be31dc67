import assert from "node:assert/strict";
import { measureExactForms } from "../../../lib/cost/exact_forms.ts";
import { KernelTimes } from "../../../lib/cost/kernel_times.ts";
import { roundingsOf } from "../../../lib/strategy/search/roundings.ts";
import { sensitivityAsks } from "../../../lib/strategy/search/sensitivity_asks.ts";
import { clock, clockedRuntime } from "../../task/clock.ts";
import { tinyData, tinyModel } from "../../task/tiny.ts";

/** The tiny network, as a search sees it. */
async function tinyBase() {
  const runtime = clockedRuntime();
  const kernelTimes = await KernelTimes.open(runtime, { cache: false, kernelTimer: clock });
  const sample = await tinyData().selection.sample(0);
  const [base] = await measureExactForms(tinyModel(), sample, { kernelTimes, runtime });
  return base!;
}

Deno.test("sensitivityAsks() asks for each tensor that may be rounded, and each layer with weights", async () => {
  const base = await tinyBase();
  const { tensors, layers, observers, outputs } = sensitivityAsks(base, ["logits"]);
  assert.deepEqual(outputs, ["logits"]);
  assert.equal(observers[0]!.name, "lp-norm 2.4");
  assert.deepEqual(new Set(tensors), new Set(["x", "r1", "r2", "g", "logits"]));
  assert.deepEqual(
    layers.map(({ name, nodes, forms }) => [name, nodes.length, Object.keys(forms)]),
    [
      ["/front/conv1/Conv", 2, ["int8 weights", "float16 weights", "dynamic"]],
      ["/front/conv2/Conv", 2, ["int8 weights", "float16 weights", "dynamic"]],
      ["/head/Gemm", 1, ["dynamic"]], // 64 weights are too few to be stored smaller
    ],
  );
  const small = sensitivityAsks(base, ["logits"], { int4: true }).layers;
  assert.deepEqual(Object.keys(small[0]!.forms), [
    ...["int8 weights", "float16 weights", "int4 weights", "dynamic"],
  ]);
  const float16 = small[0]!.forms["float16 weights"]!;
  assert.ok(typeof float16 === "object" && float16.kind === "weightOnly");
});

Deno.test("roundingsOf() reads what only moves values from where these come from", async () => {
  const found = roundingsOf(await tinyBase());
  assert.deepEqual(found.get("f"), { of: "g", share: 1 }, "a Flatten");
  assert.deepEqual(found.get("r1"), { of: "r1", share: 1 });
});
