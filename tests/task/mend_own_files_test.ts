import assert from "node:assert/strict";
import { decodeModel, type Model } from "../../lib/onnx/model.ts";
import { asExecuted } from "../../lib/quantize/as_executed.ts";
import { quantizeStatic } from "../../lib/quantize/one_call.ts";
import { convert } from "../../lib/quantize/convert.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { weightOnly } from "../../lib/quantize/qconfig.ts";
import { quantizeDynamic } from "../../lib/quantize/quantize_dynamic.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import { areSameBits, runOutputs } from "../../lib/task/mend_closeness.ts";
import { mend } from "../../lib/task/run_mend.ts";
import { clock } from "./clock.ts";
import { pacedRuntime, tinyData, tinyModel } from "./tiny.ts";

/** What products take in a clock in which integers are faster: a third with static ranges, a half without. */
function productsMs({ graph }: Model): number {
  const dequantized = new Set(
    graph.node.filter(({ opType }) => opType === "DequantizeLinear").map(({ output }) => output[0]),
  );
  return graph.node.reduce((ms, { opType, input }) => {
    if (/^(QLinearConv|QGemm|QLinearMatMul)$/.test(opType)) return ms + 1 / 3;
    if (/^(Conv|MatMul)Integer|^DynamicQuantizeMatMul$/.test(opType)) return ms + 1 / 2;
    if (!/^(FusedConv|Conv|Gemm|MatMul)$/.test(opType)) return ms;
    return ms + (dequantized.has(input[0]!) ? 1 / 3 : 1);
  }, 0.1);
}

const { calibration } = tinyData();
const samples = await Promise.all([0, 1, 2, 3].map((i) => calibration.sample(i)));
const own = pacedRuntime();
const options = { input: samples[0]!, kernelTimer: clock, cache: false, rounds: 7 } as const;

/** Files as Octavo writes them, by how they were made. */
async function files(): Promise<[string, Model][]> {
  await using runtime = openRuntime({ workers: 1 });
  const asStatic = await quantizeStatic(tinyModel(), calibration, { runtime: own });
  const asDynamic = await quantizeDynamic(tinyModel(), ["Gemm"], { runtime: own });
  const made = [
    ["static", asStatic],
    ["static as executed", await asExecuted(asStatic, runtime)],
    ["dynamic", asDynamic],
    ["small weights", await quantizeDynamic(tinyModel(), undefined, { runtime: own })],
    [
      "weights in blocks",
      convert(tinyModel(), qconfigMapping({ default: weightOnly({ bits: 4 }) })),
    ],
  ] as const;
  return made.map(([name, model]) => [name, decodeModel(model.bytes(), name)]);
}

for (const [name, file] of await files()) {
  Deno.test(`mend() leaves a file of Octavo's own alone, or gives its bits: ${name}`, async () => {
    const outputs = await runOutputs(own, file, samples);
    // As fast as its layers are; and as if something else in it took long.
    for (const more of [0, 100]) {
      const runtime = pacedRuntime((model) => productsMs(model) + (model === file ? more : 0));
      const { model, changes, notes } = await mend(file, { runtime, ...options });
      if (more === 0) assert.match(notes.join(" "), /Nothing to mend/);
      else {
        assert.ok(areSameBits(outputs, await runOutputs(own, model!, samples)), notes.join(" "));
        assert.ok(changes.every(({ result }) => result === "same bits"));
      }
    }
  });
}
