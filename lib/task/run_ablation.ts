import type { Model } from "../onnx/model.ts";
import { Running } from "../study/running.ts";
import type { AblateOptions } from "./ablate_options.ts";
import type { Ablation } from "./ablation.ts";
import type { AblationData, AblationEvent } from "./ablation_event.ts";

/**
 * Finds out what int8 costs in each layer of a network: in this layer alone, with all others float32; and
 * in all layers but this one. For each the effect on a metric with its paired 95 % interval, the error of
 * the outputs, and the time of the layer's kernels; for the tensors their own error, what has built up
 * before them, and whether a few outliers take up their range, which says why a layer is sensitive. The
 * most sensitive layers are measured in pairs, to see whether their errors add up.
 *
 * It takes a small part of the runs that evaluating every variant on every sample would: see
 * {@linkcode Replay}. Layers are ranked on the selection split; ranges come
 * from the calibration split; the test split is not touched.
 *
 * Of streams, each step is run from the state that float32 has there: errors that build up over steps are
 * not seen, and the steps of a sequence are counted as if they were independent.
 *
 * ```ts ignore
 * const running = ablate(model, data, { signal });
 * for await (const event of running) {
 *   if (event.kind === "effect") console.log(event.layer, event.mode, event.effect.sqnr?.value);
 * }
 * const ablation = await running; // shows itself in a notebook
 * ```
 *
 * @param model The network: float32, or a file that is int8 already.
 * @returns Events to loop over, and an {@linkcode Ablation} to wait for.
 * @throws {UserError} If model, data, metric and mapping do not go together, nothing is int8 under the
 * mapping, or `out` holds a study of something else: when it is awaited.
 * @category Studies
 */
export function ablate(
  model: Model,
  data: AblationData,
  options: AblateOptions = {},
): Running<AblationEvent, Ablation> {
  return new Running(async function* (onStep) {
    const { ablationWork } = await import("./ablation_work.ts");
    return yield* ablationWork(model, data, options, onStep);
  });
}
