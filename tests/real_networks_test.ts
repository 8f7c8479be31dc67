import assert from "node:assert/strict";
import { calibrate } from "../lib/calibrate/calibrate.ts";
import { decibelsOf, relativeNoise } from "../lib/evaluate/closeness.ts";
import { withContribGraph } from "../lib/onnx/contrib.ts";
import { valueTypes } from "../lib/onnx/graph.ts";
import { readModel } from "../lib/onnx/file.ts";
import type { Model } from "../lib/onnx/model.ts";
import { raiseOpset } from "../lib/onnx/opset.ts";
import type { ShapeMap } from "../lib/onnx/shape_map.ts";
import { convToWinograd } from "../lib/passes/conv_to_winograd.ts";
import { fastOperators } from "../lib/passes/fast_operators.ts";
import { fuse, type FusedModel } from "../lib/passes/fuse.ts";
import { lowerForWasm } from "../lib/passes/lower_for_wasm.ts";
import { winogradForms } from "../lib/passes/winograd_forms.ts";
import { learnShapes } from "../lib/runtime/learn_shapes.ts";
import { convert, type QuantFormat } from "../lib/quantize/convert.ts";
import { qconfigMapping } from "../lib/quantize/mapping.ts";
import { prepare } from "../lib/quantize/prepare.ts";
import { dynamicInt8, type QConfig, staticInt8, weightOnly } from "../lib/quantize/qconfig.ts";
import { readPlan } from "../lib/quantize/read_plan.ts";
import { openRuntime } from "../lib/runtime/open_runtime.ts";
import type { Runtime } from "../lib/runtime/runtime.ts";
import type { Feeds, Tensor } from "../lib/tensor/tensor.ts";
import { anyFeeds } from "./passes/any_feeds.ts";
import { error, run } from "./passes/fixtures.ts";
import { count } from "./passes/lowering.ts";
import { isThere, shared, sharedFiles } from "./shared.ts";

/** What every network is to go through; the first alone where runs take long. */
const FORMS: readonly (readonly [name: string, qconfig: QConfig, format?: QuantFormat])[] = [
  ["static and weight-only", staticInt8({ otherwise: weightOnly() })],
  ["static of any kernel", staticInt8({ kernels: "any" }), "QOperator"],
  ["dynamic", dynamicInt8()],
];

/** Networks of which a run takes long: large maps. */
const SLOW = /basic-pitch|super-resolution/;

/** Other exports of networks that are there already. */
const OTHER_EXPORT = /gtcrn\.onnx|silero_vad_(16k|op18|openvino)|yunet_s/;

type Outputs = Readonly<Record<string, Tensor>>;

Deno.test({
  name:
    "real networks keep their outputs when fused, lowered and in fast forms, and run in every form of int8",
  ignore: !isThere(shared("models/")),
  async fn(t) {
    await using runtime = openRuntime({ workers: 1 });
    for (const path of sharedFiles("models", ".onnx")) {
      const [folder, file] = path.pathname.split("/").slice(-2) as [string, string];
      await t.step(`${folder}/${file}`, async () => {
        const model = await readModel(path);
        const feeds = oneOfEach(model, anyFeeds(model, folder));
        const { fused, outputs } = await checkFused(model, feeds, folder);
        if (OTHER_EXPORT.test(file)) return;
        // Slow, and all its maps are large.
        const slow = SLOW.test(folder);
        if (folder !== "super-resolution") await checkLowered(fused, feeds, outputs, !slow);
        const forms = slow ? FORMS.slice(0, 1) : FORMS;
        await checkQuantized(fused, feeds, outputs, forms, runtime);
      });
    }
  },
});

/** One picture instead of the two that an open batch is fed with. */
function oneOfEach(model: Model, feeds: Feeds): Feeds {
  return Object.fromEntries(
    valueTypes(model.graph).inputs.map(({ name, dims = [] }) => {
      const { type, data, dims: [batch, ...rest] } = feeds[name]!;
      const isOpen = typeof dims[0] !== "number" && batch === 2;
      const half = (data as Float32Array).slice(0, data.length / 2);
      return [name, isOpen ? { type, dims: [1, ...rest], data: half } : feeds[name]!];
    }),
  );
}

async function checkFused(
  model: Model,
  feeds: Feeds,
  folder: string,
): Promise<{ fused: FusedModel; outputs: Outputs }> {
  const fused = fuse(model);
  const outputs = await run(fused, feeds);
  const difference = error(outputs, await run(model, feeds));
  assert.ok(difference < 1e-5, `${difference}`);
  assert.ok(fused.bytes().length <= model.bytes().length);
  // magika's normalizes by the statistics of its input, as a layer normalization
  assert.equal(count(fused, "BatchNormalization"), folder === "magika-fast" ? 1 : 0);
  assert.equal(count(fused, "Constant"), 0);
  return { fused, outputs };
}

/** Sums in another order, through a whole network. */
const THROUGH_A_NETWORK = 5e-6;

/** The same where every small map is a Gemm: one network takes logarithms of what almost cancels. */
const EVERYWHERE = 5e-5;

/** @param everywhere Whether each small map is made a Gemm too, in a network of its own. */
async function checkLowered(
  fused: Model,
  feeds: Feeds,
  outputs: Outputs,
  everywhere: boolean,
): Promise<void> {
  const shapes = await learnShapes(fused, feeds);
  const lowered = lowerForWasm(fused, shapes);
  const small = lowerForWasm(fused, shapes, {
    convToGemm: {
      form: ({ window }) => window.output.reduce((a, b) => a * b) < 300 ? "perPosition" : undefined,
    },
  });
  for (const [made, tolerance] of [[lowered, THROUGH_A_NETWORK], [small, EVERYWHERE]] as const) {
    if (made === fused || made === small && !everywhere) continue;
    const difference = error(await run(made, feeds), outputs);
    assert.ok(difference < tolerance, `${difference}`);
  }
  const exact = inFastForms(fused, shapes);
  if (exact !== fused) {
    const results = Object.entries(await run(exact, feeds));
    for (const [name, result] of results) {
      const reached = decibelsOf(relativeNoise(outputs[name]!, result));
      assert.ok(reached >= 100, `${name}: ${reached} dB`);
    }
  }
  // Nodes are all that may come to a file, and lists of what they gather: some hundred bytes each.
  const more = Math.max(0, lowered.graph.node.length - fused.graph.node.length);
  assert.ok(lowered.bytes().length <= fused.bytes().length + 500 * more + 4096);
}

/** With each Conv in the form of Winograd's that should be the fastest, and each operator in its fast form. */
function inFastForms(fused: Model, shapes: ShapeMap): Model {
  const raised = raiseOpset(fused, 13);
  const convs = convToWinograd(raised.graph, shapes.afresh(), {
    form: (conv) => winogradForms(conv)[0],
  });
  const graph = fastOperators(convs, { shapes: shapes.afresh() });
  return graph === raised.graph ? fused : withContribGraph(raised, graph);
}

async function checkQuantized(
  fused: Model,
  feeds: Feeds,
  outputs: Outputs,
  forms: typeof FORMS,
  runtime: Runtime,
): Promise<void> {
  const mappings = forms.map(([, qconfig]) => qconfigMapping({ default: qconfig }));
  const ranges = await calibrate(prepare(fused, ...mappings), [feeds]);
  for (const [i, [name, , format]] of forms.entries()) {
    const int8 = convert(fused, mappings[i]!, ranges, { format });
    const { rows } = readPlan(int8, (await runtime.optimized(int8))!);
    assert.deepEqual(rows.filter(({ why }) => why.includes("yet the runtime")), [], name);
    for (const [output, { dims, data }] of Object.entries(await run(int8, feeds))) {
      assert.deepEqual(dims, outputs[output]!.dims, `${name}: ${output}`);
      assert.ok(Array.from(data as ArrayLike<number>, Number).every(Number.isFinite), name);
    }
    // Changes of precision take some bytes, which small networks may not save elsewhere.
    assert.ok(int8.bytes().length < 1.2 * fused.bytes().length, name);
  }
}
