import type { Dataset } from "../data/dataset.ts";
import type { Model } from "../onnx/model.ts";
import { openRuntime } from "../runtime/open_runtime.ts";
import type { Feeds } from "../tensor/tensor.ts";
import type { OptimizeOptions } from "./optimize_options.ts";
import type { Optimized } from "./optimized.ts";

/**
 * Makes a network fast on onnxruntime-web's WASM kernels, by measurement: every node, and every form it
 * can be rewritten into or quantized to, is timed by itself on this machine; changes of precision and
 * layout between them are priced too; and what takes least as a whole is built and measured against
 * the model as given.
 *
 * The choice holds for the shapes of the first sample. Where the result turns out no faster than the
 * model as given, that is what comes back, with a note that says so.
 *
 * @param samples What the network is fed; the first decides on the shapes, all are used for ranges.
 * @throws {UserError} If there is no sample, or one does not fit the model's inputs.
 * @example
 * ```ts
 * import { noise, optimize, summarizeModel } from "octavo";
 * import { parseModel } from "octavo/advanced";
 * import assert from "node:assert/strict";
 *
 * const model = parseModel(`
 *   input x float32[1, 2]
 *   output y float32[1, 1]
 *   tensor w float32[2, 1] = [0.5, -1.0]
 *   y = Gemm(x, w)`);
 * const { inputs } = await summarizeModel(model);
 * const fastest = await optimize(model, [noise(inputs, model.name)], { cache: false, rounds: 6, coldRounds: 0 });
 * assert.ok(fastest.latency.ratio.value > 0); // the table that `fastest` prints as has more
 * ```
 * @category Measuring
 */
export async function optimize(
  model: Model,
  samples: Dataset | readonly Feeds[],
  options: OptimizeOptions = {},
): Promise<Optimized> {
  const { runtime, threads = 1, ort, binary } = options;
  const { optimizeIn } = await import("./optimize_work.ts");
  if (runtime) return await optimizeIn(runtime, model, samples, options);
  await using own = openRuntime({ workers: 1, threads, ort, binary });
  return await optimizeIn(own, model, samples, options);
}
