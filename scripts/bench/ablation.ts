import { ablate } from "../../lib/task/run_ablation.ts";
import { sampleModel, visemes } from "../../lib/data/visemes.ts";
import { calibrate } from "../../lib/calibrate/calibrate.ts";
import { evaluate } from "../../lib/evaluate/evaluate.ts";
import { latencyRatio } from "../../lib/evaluate/latency.ts";
import { metricFor } from "../../lib/evaluate/metric_for.ts";
import { fuse } from "../../lib/passes/fuse.ts";
import { convert } from "../../lib/quantize/convert.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { prepare } from "../../lib/quantize/prepare.ts";
import { staticInt8 } from "../../lib/quantize/qconfig.ts";
import { allButMapping } from "../../lib/study/ablation_mode.ts";
import { onlyMapping } from "../../lib/quantize/only_mapping.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import type { Bench } from "./bench.ts";

/** As many as half a point takes. */
const SAMPLES = 1000;

/** Layers whose two variants are evaluated in full; the rest take as long on average. */
const EVALUATED = 2;

/**
 * Ablation of the sample against the plain way to the same intervals: both variants of each layer
 * evaluated on every sample, by the same workers. Of the plain way a few layers are timed, spread over
 * the network, and counted for all.
 */
export const ablation: Bench = {
  name: "ablation",
  summary: "each layer alone and all but each, beside evaluating all of it in full",
  async *run(signal) {
    const model = await sampleModel();
    const data = visemes({ calibration: 50, selection: SAMPLES, test: 1 });
    await using runtime = openRuntime();
    const started = performance.now();
    const settings = { runtime, signal, pairs: 0, latency: false };
    const { record } = await ablate(model, data, settings);
    const fast = performance.now() - started;

    const base = fuse(model);
    const mapping = qconfigMapping({ default: staticInt8(), onUnsupported: "float32" });
    const names = record.layers.map(({ nodes }) => nodes);
    const alone = names.map((nodes) => onlyMapping(nodes, () => staticInt8()));
    const allBut = names.map((nodes) => allButMapping(mapping, nodes));
    const options = { runtime, signal };
    const ranges = await calibrate(
      prepare(base, mapping, ...alone, ...allBut),
      data.calibration,
      options,
    );
    const metric = await metricFor(model, data.selection, { runtime });
    const reference = await evaluate(runtime, base, data.selection, metric, undefined, { signal });
    const chosen = Array.from(
      { length: EVALUATED },
      (_, i) => Math.floor((i + 0.5) * names.length / EVALUATED),
    );
    let alike = 0;
    const before = performance.now();
    for (const i of chosen) {
      const { only, allBut: rest } = record.layers.find(({ nodes }) => nodes === names[i])!;
      for (const [form, effect] of [[alone[i]!, only!], [allBut[i]!, rest!]] as const) {
        const made = convert(base, form, ranges);
        const { value } = await evaluate(runtime, made, data.selection, metric, reference, {
          signal,
        });
        if (value.value === effect.value!.value) alike++;
      }
    }
    const plain = (performance.now() - before) * names.length / EVALUATED;
    yield {
      what: `${names.length} layers of the sample, ${record.cost.runs} runs of parts; ` +
        `${alike} of ${2 * EVALUATED} values are those of the plain way`,
      against: `${record.cost.plainRuns} runs of the whole`,
      latency: latencyRatio({ ms: [[plain, fast]] }),
    };
  },
};
