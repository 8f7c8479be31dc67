import assert from "node:assert/strict";
import { timeKernels } from "../../lib/cost/time_kernels.ts";
import {
  type KernelChoices,
  type NetworkProblem,
  placementProblem,
} from "../../lib/cost/candidates.ts";
import { type KernelTimer, KernelTimes } from "../../lib/cost/kernel_times.ts";
import { kernelsOf } from "../../lib/cost/kernels.ts";
import { mappingOf } from "../../lib/cost/mapping_of_placement.ts";
import { Extractor } from "../../lib/onnx/extract.ts";
import { solvePlacement } from "../../lib/cost/solve.ts";
import { type NetworkFacts, networkFacts } from "../../lib/cost/network_facts.ts";
import { calibrate } from "../../lib/calibrate/calibrate.ts";
import { convert } from "../../lib/quantize/convert.ts";
import { prepare } from "../../lib/quantize/prepare.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import type { Runtime } from "../../lib/runtime/runtime.ts";
import { float32, type Tensor } from "../../lib/tensor/tensor.ts";
import { modelOf, samplesOf } from "../quantize/fixture.ts";
import { hasty } from "./hasty.ts";

let runtime: Runtime;
Deno.test.beforeAll(() => {
  runtime = hasty(openRuntime({ workers: 1 }));
});
Deno.test.afterAll(() => runtime.close());

const NONE = { inside: () => 0, outside: 0 };

/** The runtime tells what ran and in which form; how long it took is made up. */
function priced(msOf: (runs: readonly string[]) => number): KernelTimer {
  return async (timed) => {
    const times = await timeKernels(runtime, timed, NONE, { minMs: 1 });
    return times!.map((time) => ({
      ...time,
      ms: msOf(time.runs),
      conversions: time.conversions.map((step) => ({ ...step, ms: 0.1 })),
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

let facts: NetworkFacts;
let problem: NetworkProblem;
/** What ran in each form that was timed. */
const ran: (readonly string[])[] = [];
Deno.test.beforeAll(async () => {
  facts = await networkFacts(residual, samples[0]!, { runtime });
  // Integer kernels are fast, but for the matrix product at the end.
  const kernelTimer = priced((runs) => {
    ran.push(runs);
    if (runs.some((op) => /QGemm|Dynamic/.test(op))) return 9;
    return runs.some((op) => /^QL|Nhwc/.test(op)) ? 1 : 5;
  });
  const kernelTimes = await KernelTimes.open(runtime, { cache: false, kernelTimer });
  problem = await placementProblem(facts, kernelTimes, { rewrites: false });
});

Deno.test("what one kernel computes is one kernel, and constants are none", () => {
  const { model, values, optimized } = facts;
  const kernels = kernelsOf(model.graph, new Extractor(model, values), values, optimized);
  assert.deepEqual(
    kernels.map((
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

Deno.test("each kernel has the forms that it can have, with what they read and give", () => {
  const forms = problem.kernels.map(({ nodes, choices }) => [
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

Deno.test("behind the product of a dynamic Conv a Relu is timed as it is written in the end", () => {
  const dynamic = ran.filter((runs) => runs.includes("ConvInteger"));
  assert.deepEqual(
    dynamic.map((runs) => [runs.includes("Max"), runs.includes("Relu")]),
    [[true, false], [true, false]],
  );
});

Deno.test("a Conv is also timed as each matrix product that may be worth it, which its nodes have to earn", async () => {
  const model = modelOf(
    `input x float32[4, 32, 2, 2]; output y float32[4, 32, 2, 2]
     c = Conv(x, w) {pads=[1, 1, 1, 1]} @ conv; y = Relu(c) @ relu`,
    { w: [32, 32, 3, 3] },
  );
  const [feeds] = samplesOf({ x: [4, 32, 2, 2] }, 1);
  const kernelTimes = await KernelTimes.open(runtime, {
    cache: false,
    // 64 nodes that do nothing take 16 ms, a quarter each.
    kernelTimer: priced((runs) => runs.every((op) => op === "Max") ? 16 : runs.length > 1 ? 1 : 2),
  });
  const problem = await placementProblem(
    await networkFacts(model, feeds!, { runtime }),
    kernelTimes,
  );
  const { kernels, nodeMs } = problem;
  assert.equal(nodeMs, 0.25);
  for (const { ms, nodes } of kernels[0]!.choices) {
    assert.equal(ms, Math.max(nodes === 1 ? 2 : 1, 0.25 * nodes!));
  }
  const nodesOf = (form: string) =>
    kernels[0]!.choices.find(({ rewrite }) => rewrite === form)?.nodes;
  assert.ok(nodesOf("perPosition")! > nodesOf("im2col")! && nodesOf("perPosition")! > 8);
  // By kernels alone every product is faster than the Conv: those of many nodes are not.
  const [chosen] = await solvePlacement(problem);
  assert.ok(chosen!.rewrite !== "perPosition" && 0.25 * chosen!.nodes! < 2);
  const products = kernels[0]!.choices.filter(({ rewrite }) => rewrite);
  assert.deepEqual(
    [...new Set(products.map(({ rewrite }) => rewrite))].toSorted(),
    ["dense", "im2col", "perPosition", "perRow"],
  );
  for (const { kind, input, output } of products) {
    const form = kind === "static" ? "int8Last" : "floatLast";
    assert.deepEqual([kind, input, output], [kind, form, form]);
  }
});

Deno.test("a form of Winograd's is a choice where it is exact on the sample, and else is not", async () => {
  const dims = [32, 32, 3, 3];
  // Second differences: of a large constant nothing is left but what was rounded.
  const taps = [1, -2, 1].flatMap((down) => [1, -2, 1].map((across) => down * across));
  const w = float32(dims, Float32Array.from({ length: 32 * 32 * 9 }, (_, i) => taps[i % 9]!));
  const model = modelOf(
    "input x float32[1, 32, 16, 16]; output y float32[1, 32, 14, 14]; y = Conv(x, w) @ conv",
    {
      w,
    },
  );
  const [fed] = samplesOf({ x: [1, 32, 16, 16] }, 1);
  const { data } = fed!["x"] as Tensor<"float32">;
  const large = { x: float32([1, 32, 16, 16], data.map((value) => value + 1e4)) };
  const kernelTimer = priced(() => 1);
  const kernelTimes = await KernelTimes.open(runtime, { cache: false, kernelTimer });
  const [usual, offset] = await Promise.all([fed!, large].map(async (feeds) => {
    const network = await networkFacts(model, feeds, { runtime });
    const options = { int8: false, check: { runtime } };
    return (await placementProblem(network, kernelTimes, options)).kernels[0]!;
  }));
  const written = ({ choices }: KernelChoices) => choices.filter(({ written }) => written);
  assert.ok(written(usual!).length > 0 && written(usual!).every(({ dB }) => dB! > 100));
  assert.equal(usual!.inexact, undefined);
  assert.deepEqual(written(offset!), []);
  assert.deepEqual([...offset!.inexact!.keys()], written(usual!).map(({ written }) => written));
  for (const dB of offset!.inexact!.values()) assert.ok(dB > 20 && dB < 100, `${dB}`);
});

Deno.test("a ConvTranspose is also timed as a Conv for each phase, in int8 too", async () => {
  const model = modelOf(
    `input x float32[1, 8, 4, 4]; output y float32[1, 8, 8, 8]
     y = ConvTranspose(x, w) {strides=[2, 2], pads=[1, 1, 1, 1]} @ up`,
    { w: [8, 8, 4, 4] },
  );
  const [feeds] = samplesOf({ x: [1, 8, 4, 4] }, 1);
  const kernelTimes = await KernelTimes.open(runtime, {
    cache: false,
    kernelTimer: priced(() => 1),
  });
  const network = await networkFacts(model, feeds!, { runtime });
  const { kernels } = await placementProblem(network, kernelTimes);
  assert.deepEqual(
    kernels[0]!.choices.map(({ kind, rewrite, input, output }) => [kind, rewrite, input, output]),
    [
      ["float32", undefined, "float", "float"],
      ["float32", "phases", "float", "floatLast"], // a Transpose at the end is a change of layout
      ["static", "phases", "int8Last", "int8Last"],
    ],
  );
});

Deno.test("the mapping of a placement builds what was placed", async () => {
  const chosen = await solvePlacement(problem);
  const mapping = mappingOf(facts, problem, chosen);
  const ranges = await calibrate(prepare(facts.model, mapping), samples);
  const built = convert(facts.model, mapping, ranges);
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
