import type { Splits } from "../data/split.ts";
import type { Model } from "../onnx/model.ts";
import type { StudyEvent } from "../record/event.ts";
import type { Study } from "../record/study_record.ts";
import { Running } from "../study/running.ts";
import type { StudyOptions } from "./study_options.ts";
import type { StrategyMaker } from "./study_strategy.ts";

/**
 * A study at work: loop over its events, or wait for the study.
 * @category Studies (advanced)
 */
export type RunningStudy = Running<Exclude<StudyEvent, { kind: "step" }>, Study>;

/**
 * Measures what a strategy asks for against float32: accuracy on the selection split with the paired
 * difference, closeness of the outputs, latency as a ratio, size. The best within the budget is chosen,
 * and measured on the test split, once.
 *
 * Results are stored as they come: the same study on the same folder continues where it was stopped, and
 * measures nothing twice.
 *
 * @param model The float32 model.
 * @param data Samples, split three ways.
 * @param strategy Asks for recipes and is told what came of each.
 * @returns Events to loop over, and the study to wait for: the study so far if it was stopped by `signal`.
 * @throws {UserError} If model, data, metric and options do not go together, or the folder holds another
 * study. Nothing has been written then.
 * @throws The signal's reason, if it was stopped before anything was measured.
 * @example Random search
 * ```ts
 * import { arrays, float32Tensor, remakeTrial, runStudy, splitDataset } from "octavo";
 * import type { StudyStrategy, Trial } from "octavo";
 * import { parseModel } from "octavo/advanced";
 * import assert from "node:assert/strict";
 *
 * // Measures so many recipes, drawn at random.
 * function randomSearch(trials: number): StudyStrategy {
 *   const any = <const T>(...choices: T[]) => choices[Math.floor(Math.random() * choices.length)]!;
 *   const draw = () => ({
 *     kind: "configuration" as const,
 *     base: any("fused", "lowered"),
 *     placement: any("cnn-static", "mixed", "compact"),
 *     observer: { name: any("min-max", "histogram", "entropy") },
 *   });
 *   return {
 *     ask: () => trials-- > 0 ? [{ recipe: draw() }] : [], // nothing ends the study
 *     tell: (_ask, _trial) => {}, // here a cleverer one learns
 *   };
 * }
 *
 * const model = parseModel(`
 *   input x float32[N, 2]
 *   output y float32[N, 2]
 *   tensor w float32[2, 2] = [0.5, -1.0, -0.25, 1.0]
 *   y = Gemm(x, w)`);
 * const x = float32Tensor([40, 2], Float32Array.from({ length: 80 }, (_, i) => Math.sin(i)));
 * const labels = Int32Array.from({ length: 40 }, (_, i) => i % 2);
 * const data = splitDataset(arrays({ x }, { labels }));
 *
 * const trials: Trial[] = [];
 * const running = runStudy(model, data, randomSearch(2), { maxDrop: 5, rounds: 6, coldRounds: 0, workers: 1 });
 * for await (const event of running) if (event.kind === "trial") trials.push(event.trial);
 * const study = await running;
 * assert.equal(study.trials.length, new Set(trials.map(({ key }) => key)).size);
 * const again = await remakeTrial(model, data, trials[0]!);
 * assert.equal(await again.hash(), trials[0]!.modelHash);
 * ```
 * @category Studies
 */
export function runStudy(
  model: Model,
  data: Splits,
  strategy: StrategyMaker,
  options: StudyOptions = {},
): RunningStudy {
  return new Running(async function* (onStep) {
    const { studyWork } = await import("./study_work.ts");
    return yield* studyWork(model, data, strategy, options, onStep);
  });
}
