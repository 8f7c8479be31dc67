import type { Splits } from "../data/split.ts";
import type { Model } from "../onnx/model.ts";
import { Running } from "../study/running.ts";
import type { RunningStudy } from "./run_study.ts";
import type { SweepOptions } from "./sweep_options.ts";

/**
 * Measures the configurations of a grid against the model as given: accuracy on the selection split with the
 * paired difference, closeness of the outputs, latency as a ratio, size. The fastest within the budget is
 * chosen and measured on the test split, once.
 *
 * Before the first trial the kernels are timed: what is slower in int8 beyond doubt stays float32 in
 * every placement but `all`, with weights stored small (`kernels: "any"` in the config makes it int8).
 *
 * Results are stored as they come. The same sweep on the same folder continues where it was stopped,
 * and measures nothing again.
 *
 * @param model The network: float32, or a file that is int8 already.
 * @param data Samples, split three ways.
 * @returns Events to loop over, and the study to wait for; the study so far if it was stopped by `signal`.
 * @throws {UserError} If model, data, metric or config do not go together, or the folder holds another
 * study. Nothing has been written then.
 * @throws The signal's reason, if it was stopped before anything was measured.
 * @example Of a model and samples of one's own
 * ```ts
 * import { npzDataset, readModel, sweep, splitDataset, writeReport } from "octavo";
 *
 * async function study(file: string, samples: string, out: string) {
 *   const model = await readModel(file);
 *   const data = splitDataset(await npzDataset(samples, model));
 *   const running = sweep(model, data, { out, config: { placements: ["mixed"], observers: ["lp-norm", "percentile"] } });
 *   for await (const event of running) {
 *     if (event.kind === "trial") console.log(event.trial.name, event.trial.latency?.ratio.value);
 *   }
 *   const found = await running;
 *   await writeReport(found, out);
 *   return found.winner?.key;
 * }
 * ```
 * @category Studies
 */
export function sweep(model: Model, data: Splits, options: SweepOptions = {}): RunningStudy {
  return new Running(async function* (onStep) {
    const { sweepWork } = await import("./sweep_work.ts");
    return yield* sweepWork(model, data, options, onStep);
  });
}
