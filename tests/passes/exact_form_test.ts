import assert from "node:assert/strict";
import { makeBases } from "../../lib/passes/exact_form.ts";
import { modelOf, samplesOf, sqnrBetween } from "../quantize/fixture.ts";

Deno.test("makeBases() lowers what runs faster otherwise, to the same function", async () => {
  const model = modelOf(
    `input x float32[N, 1, 4, 8, 8]; output y float32[N, 8, 4, 8, 8]
    y = Conv(x, w) {pads=[1, 1, 1, 1, 1, 1]} @ front`,
    { w: [8, 1, 3, 3, 3] },
  );
  const samples = samplesOf({ x: [1, 1, 4, 8, 8] }, 2);
  const { fused, lowered } = await makeBases(model, samples[0]!);
  assert.equal(fused, model);
  const kernels = lowered.graph.node.filter(({ opType }) => opType === "Conv")
    .map(({ attribute }) =>
      attribute.find(({ name }) => name === "kernel_shape")?.ints.length ?? 2
    );
  assert.ok(kernels.every((rank) => rank === 2));
  assert.ok(await sqnrBetween(model, lowered, samples) > 120);
});

Deno.test("makeBases() keeps the fused network where there is nothing to lower", async () => {
  const model = modelOf(
    `input x float32[N, 16]; output y float32[N, 8]; y = Gemm(x, w) @ fc`,
    { w: [16, 8] },
  );
  const { fused, lowered } = await makeBases(model, samplesOf({ x: [1, 16] }, 1)[0]!);
  assert.equal(lowered, fused);
});
