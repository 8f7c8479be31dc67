import type { Splits } from "../data/split.ts";
import type { Model } from "../onnx/model.ts";
import { Running } from "../study/running.ts";
import type { RunningStudy } from "./run_study.ts";
import type { SearchOptions } from "./search_options.ts";

/**
 * Looks for the fastest, or the smallest, model whose accuracy drops by no more than a budget.
 *
 * Each layer may stay float32, store its weights small, or be static or dynamic int8, over an exact
 * form of the network; each static tensor may take the range of one of several observers. What each
 * choice takes is measured on this machine, what noise it brings to the outputs is measured by itself
 * on a few samples, and an integer program weighs them all at once. Its answer is built and measured
 * for real; what the sum of noises missed is learnt from that, and so on until the time is up or no
 * other mix is predicted to be better. A fast model that misses the budget is tried again with bias
 * correction.
 *
 * Results are stored as they come: the same search on the same folder continues, and measures nothing
 * twice. The best is chosen on the selection split, and measured on the test split, once.
 *
 * @param model The network: float32, or a file that is int8 already.
 * @param data Samples, split three ways.
 * @returns Events to loop over, and the study to wait for; the study so far if it was stopped by `signal`.
 * @throws {UserError} If model, data, metric and options do not go together, or there is no time for a
 * single trial.
 * @example Of a model and samples of one's own
 * ```ts
 * import { npzDataset, readModel, search, splitDataset, writeReport } from "octavo";
 *
 * async function study(file: string, samples: string, out: string) {
 *   const model = await readModel(file);
 *   const data = splitDataset(await npzDataset(samples, model));
 *   const running = search(model, data, { out, maxDrop: 0.5, minutes: 20 });
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
export function search(model: Model, data: Splits, options: SearchOptions = {}): RunningStudy {
  return new Running(async function* (onStep) {
    const { searchWork } = await import("./search_work.ts");
    return yield* searchWork(model, data, options, onStep);
  });
}
