import assert from "node:assert/strict";
import { ExactForms } from "../../lib/passes/exact_form.ts";
import { modelOf, samplesOf, sqnrBetween } from "../quantize/fixture.ts";

/** A Conv3d over one channel. */
const flat = modelOf(
  `input x float32[N, 1, 4, 8, 8]; output y float32[N, 8, 4, 8, 8]
  y = Conv(x, w) {pads=[1, 1, 1, 1, 1, 1]} @ front`,
  { w: [8, 1, 3, 3, 3] },
);

const ranks = ({ graph }: typeof flat) =>
  graph.node.filter(({ opType }) => opType === "Conv").map(({ attribute }) =>
    attribute.find(({ name }) => name === "kernel_shape")?.ints.length ?? 2
  );

Deno.test("ExactForms.get() lowers what runs faster otherwise, to the same function", async () => {
  const samples = samplesOf({ x: [1, 1, 4, 8, 8] }, 2);
  const forms = new ExactForms(flat, samples[0]!);
  assert.equal((await forms.get("fused")).proto, flat.proto);
  const lowered = await forms.get("lowered");
  assert.ok(ranks(lowered).every((rank) => rank === 2));
  assert.ok(await sqnrBetween(flat, lowered, samples) > 120);
});

Deno.test("ExactForms.get() keeps the fused network where there is nothing to lower", async () => {
  const model = modelOf(
    `input x float32[N, 16]; output y float32[N, 8]; y = Gemm(x, w) @ fc`,
    { w: [16, 8] },
  );
  const forms = new ExactForms(model, samplesOf({ x: [1, 16] }, 1)[0]!);
  assert.equal(await forms.get("lowered"), await forms.get("fused"));
});

Deno.test("ExactForms.get() writes the frames and the products that it is told, and no others", async () => {
  const model = modelOf(
    `input x float32[N, 8, 6, 6]; output y float32[N, 8, 6, 6]
    a = Conv(x, w) {pads=[1, 1, 1, 1]} @ conv1
    b = Conv(a, v) {pads=[1, 1, 1, 1]} @ conv2
    y = ConvTranspose(b, u) {strides=[2, 2], pads=[3, 3, 3, 3]} @ up`,
    { w: [8, 8, 3, 3], v: [8, 8, 3, 3], u: [8, 8, 2, 2] },
  );
  const samples = samplesOf({ x: [1, 8, 6, 6] }, 2);
  const form = {
    frames: false,
    products: [
      { node: "conv2", form: "im2col" as const },
      { node: "up", form: "phases" as const },
    ],
  };
  const written = await new ExactForms(model, samples[0]!).get(form);
  const names = written.graph.node.filter(({ opType }) => opType === "Conv").map(({ name }) =>
    name
  );
  assert.deepEqual(names, ["conv1", "up_Phase", "up_Phase_1", "up_Phase_2", "up_Phase_3"]);
  assert.ok(await sqnrBetween(model, written, samples) > 120);
  const [clip] = samplesOf({ x: [1, 1, 4, 8, 8] }, 1);
  const frames = await new ExactForms(flat, clip!).get({ frames: true, products: [] });
  assert.ok(ranks(frames).every((rank) => rank === 2));
});

Deno.test("ExactForms writes each form once, and finds it by its name", async () => {
  const forms = new ExactForms(flat, samplesOf({ x: [1, 1, 4, 8, 8] }, 1)[0]!);
  assert.equal(forms.find("lowered"), undefined);
  const lowered = await forms.get("lowered");
  assert.equal(await forms.get("lowered"), lowered);
  assert.equal(forms.find("lowered"), lowered);
  assert.equal(forms.fused.proto, flat.proto);
});
