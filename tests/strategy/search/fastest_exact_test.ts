import assert from "node:assert/strict";
import type { Base } from "../../../lib/cost/exact_forms.ts";
import { fastestExact } from "../../../lib/strategy/search/fastest_exact.ts";
import { recipeOf } from "../../../lib/strategy/search/proposal.ts";
import { smallWeights } from "../../../lib/strategy/search/small_weights.ts";
import { modelOf } from "../../quantize/fixture.ts";
import { madeUpBase } from "./made_up.ts";

const model = modelOf(
  `graph convs
  input x float32[1, 16, 8, 8]
  output y float32[1, 16, 8, 8]
  a = Conv(x, v) {pads=[1, 1, 1, 1]} @ first
  y = Conv(a, w) {pads=[1, 1, 1, 1]} @ second`,
  { v: [16, 16, 3, 3], w: [16, 16, 3, 3] },
);

/** Two Convs of 10 ms; Winograd's tiles take the times given for them, and 6 of a limit on memory. */
function base(first: number, second: number, most = 100): Base {
  const nodes = ["first", "second"];
  const made = madeUpBase(model, {
    kernels: nodes.map((name) => ({ nodes: [name], float32: 10, static: 1 })),
  });
  const kernels = made.problem.kernels.map((kernel, i) => {
    const choices = kernel.choices.map((choice) => ({ ...choice, takes: [1] }));
    const ms = [first, second][i]!;
    const winograd = { ...choices[0]!, ms, takes: [6], written: "winograd 4x4" as const };
    return { ...kernel, choices: [...choices, winograd] };
  });
  return { ...made, problem: { ...made.problem, kernels, limits: [{ most, rounding: () => 0 }] } };
}

Deno.test("fastestExact() takes the fastest float32 kernels, whatever int8 would take", async () => {
  const proposal = await fastestExact(base(4, 12), "latency");
  assert.deepEqual([proposal!.ms, proposal!.noise], [14, []]);
  const { convs, forms } = recipeOf(proposal!);
  assert.deepEqual([convs, forms], [{ first: "winograd 4x4" }, {}]);
});

Deno.test("fastestExact() stores weights as in what kept the budget", async () => {
  const kept = smallWeights(model, "fused", "float16 weights");
  const { forms } = recipeOf((await fastestExact(base(4, 4), "latency", kept))!);
  assert.deepEqual(forms, kept.forms);
});

Deno.test("fastestExact() keeps the limits on what it takes to open a network", async () => {
  const { convs } = recipeOf((await fastestExact(base(4, 3, 7), "latency"))!);
  assert.deepEqual(convs, { second: "winograd 4x4" });
});

Deno.test("fastestExact() gives nothing where no form is faster than the network as it is", async () => {
  assert.equal(await fastestExact(base(11, 12), "latency"), undefined);
});
