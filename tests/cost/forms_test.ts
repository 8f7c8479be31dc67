import assert from "node:assert/strict";
import { timeBranches } from "../../lib/cost/time_kernels.ts";
import { type NetworkProblem, placementProblem } from "../../lib/cost/candidates.ts";
import { CostBook, type Stopwatch } from "../../lib/cost/kernel_times.ts";
import { itemsOf } from "../../lib/cost/kernels.ts";
import { mappingOf } from "../../lib/cost/mapping_of_placement.ts";
import { Parts } from "../../lib/onnx/extract.ts";
import { solvePlacement } from "../../lib/cost/solve.ts";
import { type Survey, survey } from "../../lib/cost/network_facts.ts";
import { calibrate } from "../../lib/calibrate/calibrate.ts";
import { convert } from "../../lib/quantize/convert.ts";
import { prepare } from "../../lib/quantize/prepare.ts";
import { createPool, type Pool } from "../../lib/runtime/pool.ts";
import { modelOf, samplesOf } from "../quantize/fixture.ts";
import { hasty } from "./hasty.ts";

let pool: Pool;
Deno.test.beforeAll(() => {
  pool = hasty(createPool({ workers: 1 }));
});
Deno.test.afterAll(() => pool.close());

const NONE = { inside: () => 0, outside: 0 };

/** The runtime tells what ran and in which form; how long it took is made up. */
function priced(msOf: (runs: readonly string[]) => number): Stopwatch {
  return async (branches) => {
    const times = await timeBranches(pool, branches, NONE, { minMs: 1 });
    return times.map((time) => ({
      ...time,
      ms: msOf(time.runs),
      steps: time.steps.map((step) => ({ ...step, ms: 0.1 })),
    }));
  };
}

const residual = modelOf(
  `input x float32[1, 8, 6, 6]
   output y float32[1, 10]
   tensor flat int64[2] = [1, -1]
   a = Conv(x, w1, b1) {pads=[1, 1, 1, 1]} @ conv1
   r = Relu(a) @ relu1
   c = Conv(r, w2, b1) {pads=[1, 1, 1, 1]} @ conv2
   s = Add(c, r) @ add
   t = Relu(s) @ relu2
   p = MaxPool(t) {kernel_shape=[2, 2], strides=[2, 2]} @ pool
   f = Reshape(p, flat) @ flatten
   y = Gemm(f, w3) @ fc`,
  { w1: [8, 8, 3, 3], b1: [8], w2: [8, 8, 3, 3], w3: [72, 10] },
);
const samples = samplesOf({ x: [1, 8, 6, 6] }, 2);

let surveyed: Survey;
let problem: NetworkProblem;
Deno.test.beforeAll(async () => {
  surveyed = await survey(residual, samples[0]!, pool);
  // Integer kernels are fast, but for the matrix product at the end.
  const stopwatch = priced((runs) =>
    runs.some((op) => /QGemm|Dynamic/.test(op)) ? 9 : runs.some((op) => /^QL|Nhwc/.test(op)) ? 1 : 5
  );
  const book = await CostBook.open(pool, { cache: false, stopwatch });
  problem = await placementProblem(surveyed, book, { rewrites: false });
});

Deno.test("what one kernel computes is one item, and constants are none", () => {
  const { model, values, optimised } = surveyed;
  const items = itemsOf(model.graph, new Parts(model, values), values, optimised);
  assert.deepEqual(
    items.map((
      { nodes, inputs, outputs },
    ) => [nodes.map(({ name }) => name).join(), ...inputs, outputs[0]]),
    [
      ["conv1,relu1", "x", "r"],
      ["conv2,add,relu2", "r", "t"], // the runtime makes one float32 kernel of these
      ["pool", "t", "p"],
      ["flatten", "p", "f"],
      ["fc", "f", "y"],
    ],
  );
});

Deno.test("each item has the forms that it can have, with what they read and give", () => {
  const forms = problem.items.map(({ nodes, choices }) => [
    nodes[0]!.name,
    ...choices.map(({ kind, input, output }) => `${kind} ${input} ${output}`),
  ]);
  assert.deepEqual(forms[0], [
    "conv1",
    "float32 float float",
    "static int8Last int8Last",
    "dynamic float float",
  ]);
  const pool2d = forms.find(([name]) => name === "pool")!;
  assert.ok(pool2d.includes("static int8 int8"));
  assert.ok(pool2d.includes("static int8Last int8Last")); // behind a Conv
  assert.deepEqual(forms.at(-1), [
    "fc",
    "float32 float float",
    "static int8 float",
    "static int8 int8",
    "dynamic float float",
  ]);
});

Deno.test("a Conv is also timed as each matrix product that may be worth it", async () => {
  const model = modelOf(
    `input x float32[4, 32, 2, 2]; output y float32[4, 32, 2, 2]
     c = Conv(x, w) {pads=[1, 1, 1, 1]} @ conv; y = Relu(c) @ relu`,
    { w: [32, 32, 3, 3] },
  );
  const [feeds] = samplesOf({ x: [4, 32, 2, 2] }, 1);
  const book = await CostBook.open(pool, { cache: false, stopwatch: priced(() => 1) });
  const { items } = await placementProblem(await survey(model, feeds!, pool), book);
  const products = items[0]!.choices.filter(({ rewrite }) => rewrite);
  assert.deepEqual(
    [...new Set(products.map(({ rewrite }) => rewrite))].toSorted(),
    ["dense", "im2col", "perPosition"],
  );
  for (const { kind, input, output } of products) {
    const form = kind === "static" ? "int8Last" : "floatLast";
    assert.deepEqual([kind, input, output], [kind, form, form]);
  }
});

Deno.test("the mapping of a placement builds what was placed", async () => {
  const chosen = await solvePlacement(problem);
  const mapping = mappingOf(surveyed, problem, chosen);
  const ranges = await calibrate(prepare(surveyed.model, mapping), samples);
  const built = convert(surveyed.model, mapping, ranges);
  const forms = Object.fromEntries(
    built.plan.rows.map(({ node }, i) => [node, built.traces[i]!.form]),
  );
  assert.deepEqual(forms, {
    conv1: "static",
    relu1: "static",
    conv2: "static",
    add: "static",
    relu2: "static",
    pool: "static",
    flatten: "float32",
    fc: "weightOnly", // stored small, since it stays float32
  });
});
