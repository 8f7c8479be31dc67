import assert from "node:assert/strict";
import { convert } from "../../lib/quantize/convert.ts";
import { mappingOfRecipe } from "../../lib/quantize/from_recipe.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { chooseColumns, splitOutliers } from "../../lib/quantize/outlier_columns.ts";
import { dynamicInt8 } from "../../lib/quantize/qconfig.ts";
import { float32, type Tensor } from "../../lib/tensor/tensor.ts";
import { normal } from "../random.ts";
import { modelOf, run } from "./fixture.ts";

const reaching = (...reach: readonly number[]) => ({
  min: Float64Array.from(reach, (most) => -most),
  max: Float64Array.from(reach),
});

Deno.test("chooseColumns() takes those that bring more than a decibel each", () => {
  // Without the 40 the range is 10 times narrower, without the 4 four times more.
  assert.deepEqual(chooseColumns(reaching(1, 40, 1, 4, 1), 4), { columns: [1, 3], dB: 32 });
  assert.deepEqual(chooseColumns(reaching(1, 40, 1, 4, 1), 1), { columns: [1], dB: 20 });
  // 1.1 times is 0.8 dB.
  assert.equal(chooseColumns(reaching(1, 1.1, 1), 4), undefined);
  // Two that are alike bring nothing but together.
  assert.deepEqual(chooseColumns(reaching(8, 1, 8, 1), 2), { columns: [0, 2], dB: 18.1 });
  assert.equal(chooseColumns(reaching(8, 1, 8, 1), 1), undefined);
});

Deno.test("chooseColumns() leaves what is all 0 but for one column, and a single column", () => {
  assert.equal(chooseColumns(reaching(0, 3, 0), 4), undefined);
  assert.equal(chooseColumns(reaching(3), 4), undefined);
});

/** Two products of one input of 8 columns and a Gemm behind them, with weights of normal numbers. */
const network = modelOf(
  `input x float32[N, 8]
   output y float32[N, 6]
   output z float32[N, 4]
   p = MatMul(x, w) @ up
   y = Gemm(p, g, bias) {transB=1} @ down
   z = MatMul(x, v) @ side`,
  { w: [8, 16], g: [6, 16], bias: [6], v: [8, 4] },
);

/** Columns 2 and 5 are 50 times as large as the others. */
const x = float32(
  [12, 8],
  normal(96, 7).map((value, i) => i % 8 === 2 || i % 8 === 5 ? 50 * value : value),
);

function distance(a: Tensor | undefined, b: Tensor | undefined): number {
  const [left, right] = [a!.data as Float32Array, b!.data as Float32Array];
  return Math.sqrt(left.reduce((sum, value, i) => sum + (value - right[i]!) ** 2, 0));
}

Deno.test("outlier columns stay float32, and what is left has finer steps", async () => {
  const mapping = qconfigMapping({ default: dynamicInt8() });
  const split = await splitOutliers(network, mapping, [{ x }], { most: 2 });
  const written = convert(network, split);
  const why = "columns 2 and 5 of its input stay float32, and the range of the others is";
  const [up, down, side] = written.plan.rows;
  assert.match(up!.why, new RegExp(`^rule "up"; ${why} \\d\\d\\.\\d dB narrower$`));
  assert.match(side!.why, new RegExp(`; ${why}`));
  assert.equal(down!.asked, "dynamic");
  // Both products read the same integers and the same columns.
  const ops = (opType: string) => written.graph.node.filter((node) => node.opType === opType);
  const fed = ops("MatMulInteger").map(({ input }) => input[0]);
  assert.equal(fed[0], fed[2]);
  assert.equal(ops("Gather").length, new Set(ops("Gather").map(({ input }) => input[0])).size);

  const [exact, plain, better] = await Promise.all([
    run(network, { x }),
    run(convert(network, mapping), { x }),
    run(written, { x }),
  ]);
  const [without, kept] = [plain, better].map(({ z }) => distance(z, exact.z));
  assert.ok(4 * kept! < without!, `${kept} is no quarter of ${without}`);
});

Deno.test("a recipe says the columns, of a Gemm with a bias too", async () => {
  const outliers = { columns: [1], dB: 20 };
  const forms = { down: { kind: "dynamic" as const, outliers } };
  const recipe = { kind: "assignment" as const, base: "fused" as const, forms };
  const mapping = mappingOfRecipe({ ...recipe, int8Tensors: [], observers: {} }, []);
  const written = convert(network, mapping);
  // All else is 0 in the int8 product, so that only rounding to float32 is left.
  const p = modelOf(
    `input p float32[N, 16]; output y float32[N, 6]
     y = Gemm(p, g, bias) {transB=1} @ down`,
    { g: [6, 16], bias: [6] },
  );
  const only = float32([1, 16], Array.from({ length: 16 }, (_, i) => i === 1 ? 30 : 0));
  const [exact, split] = await Promise.all([
    run(p, { p: only }),
    run(convert(p, mapping), { p: only }),
  ]);
  assert.ok(distance(exact.y, split.y) < 1e-4);
  assert.match(written.plan.rows[1]!.why, /column 1 of its input stays float32/);
});

Deno.test("where no column stands out a mapping stays as it is", async () => {
  const mapping = qconfigMapping({ default: dynamicInt8() });
  const even = { x: float32([1, 8], Array(8).fill(1)) };
  const linear = modelOf("input x float32[N, 8]; output y float32[N, 4]; y = MatMul(x, v) @ m", {
    v: [8, 4],
  });
  assert.equal(await splitOutliers(linear, mapping, [even]), mapping);
});
