import assert from "node:assert/strict";
import { fastOperators } from "../../lib/passes/fast_operators.ts";
import { float32 } from "../../lib/tensor/tensor.ts";
import { error, modelOf, random, run } from "./fixtures.ts";
import { shapesOf } from "./lowering.ts";

const operators = ({ node }: { readonly node: readonly { readonly opType: string }[] }) =>
  node.map(({ opType }) => opType).join(" ");

const DOUBLED = "Mul Mul Slice Slice Slice Slice Concat Add Concat Add";

Deno.test("fastOperators() doubles maps as the runtime does, by three quarters of a place and a quarter of the next", async () => {
  const model = modelOf(
    `input x float32[N, 60, 2, 18]; output y float32[...]
     tensor scales float32[4] = [1.0, 1.0, 2.0, 2.0]
     y = Resize(x, "", scales) {mode="linear"} @ /up/Resize`,
  );
  const shapes = await shapesOf(model, { x: [1, 60, 2, 18] });
  const written = model.withGraph(fastOperators(model.graph, { shapes }));
  assert.equal(
    operators(written.graph),
    `${DOUBLED} Reshape Reshape Concat Transpose Reshape ${DOUBLED} Concat Reshape`,
  );
  const row = Array.from({ length: 18 }, (_, i) => 4 * i);
  const map = [...row, ...row.map((value) => value + 400)];
  const x = float32([1, 60, 2, 18], Array.from({ length: 60 }, () => map).flat());
  const { y } = await run(written, { x });
  const wide = [0, 1, 3, 5, 7, 9]; // 0 - a quarter lies outside
  const found = [0, 1, 2, 3].map((at) => [...y!.data.slice(36 * at, 36 * at + 6)]);
  assert.deepEqual(found, [0, 100, 300, 400].map((more) => wide.map((value) => value + more)));
  const batch = { x: random([3, 60, 2, 18], 1) };
  assert.ok(error(await run(written, batch), await run(model, batch)) < 1e-6);
});

Deno.test("fastOperators() resizes small maps by matrices, wherever the places lie", async () => {
  const ways = [
    `{mode="linear"}`,
    `{mode="linear", coordinate_transformation_mode="align_corners"}`,
    `{mode="linear", coordinate_transformation_mode="asymmetric"}`,
    `{mode="linear", coordinate_transformation_mode="pytorch_half_pixel"}`,
  ];
  const model = modelOf(
    `input x float32[N, 64, 5, 7]
     ${
      [...ways, "sized", "nearest", "smaller"].map((_, i) => `output y${i} float32[...]`).join("\n")
    }
     tensor scales float32[4] = [1.0, 1.0, 2.5, 2.0]
     tensor sizes int64[4] = [1, 64, 13, 11]
     tensor less float32[4] = [1.0, 1.0, 8.0, 0.5]
     ${ways.map((how, i) => `y${i} = Resize(x, "", scales) ${how}`).join("\n")}
     y4 = Resize(x, "", "", sizes) {mode="linear"}
     y5 = Resize(x, "", scales)
     y6 = Resize(x, "", less) {mode="linear"}`,
  );
  const shapes = await shapesOf(model, { x: [1, 64, 5, 7] });
  const written = model.withGraph(fastOperators(model.graph, { shapes }));
  assert.equal(
    operators(written.graph),
    "MatMul MatMul ".repeat(5) + "Resize Resize",
  );
  const feeds = { x: random([1, 64, 5, 7], 1) };
  assert.ok(error(await run(written, feeds), await run(model, feeds)) < 1e-6);
});
