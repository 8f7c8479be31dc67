import type { Splits } from "../data/split.ts";
import { UserError } from "../errors.ts";
import type { Model } from "../onnx/model.ts";
import type { BeginEvent, EndEvent, OnStep, StudyEvent, TrialEvent } from "../record/event.ts";
import type { Study } from "../record/study_record.ts";
import { Running } from "../study/running.ts";
import { askAndTell } from "../study/strategy.ts";
import { OpenWork } from "./open_work.ts";
import { openingNotes } from "./opening_notes.ts";
import type { StudyOptions } from "./study_options.ts";
import {
  type StrategyMaker,
  type StudyStrategy,
  TIME_WAS_UP,
  type WorkContext,
} from "./study_strategy.ts";

/** A study at work: loop over its events, or wait for the study. */
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
 */
export function runStudy(
  model: Model,
  data: Splits,
  strategy: StrategyMaker,
  options: StudyOptions = {},
): RunningStudy {
  return runWork(model, data, strategy, options);
}

/** What makes a strategy that comes with Octavo. */
export type WorkMaker =
  | StudyStrategy
  | ((context: WorkContext) => StudyStrategy | Promise<StudyStrategy>);

/** {@linkcode runStudy} for a strategy that comes with Octavo. */
export function runWork(
  model: Model,
  data: Splits,
  strategy: WorkMaker,
  options: StudyOptions,
): RunningStudy {
  return new Running((onStep) => work(model, data, strategy, options, onStep));
}

async function* work(
  model: Model,
  data: Splits,
  maker: WorkMaker,
  options: StudyOptions,
  onStep: OnStep,
): AsyncGenerator<BeginEvent | TrialEvent | EndEvent, Study, void> {
  await using study = await OpenWork.open(model, data, options, onStep);
  const { ledger, deadline, context } = study;
  const strategy = typeof maker === "function" ? await maker(context) : maker;
  ledger.notes.push(...await openingNotes(context));
  yield await ledger.begin(strategy, options.minutes);
  let ended: string | undefined;
  try {
    const told = new Set<string>();
    let stale = 0;
    for await (
      const { ask, answer, reused } of askAndTell(deadline.over(strategy), context.experiment)
    ) {
      yield await ledger.add(ask, answer, reused);
      stale = told.has(answer.key) ? stale + 1 : 0;
      told.add(answer.key);
      if (stale >= MOST_STALE) {
        ended = `It ended early: the strategy asked ${stale} times for what it had been told.`;
        break;
      }
      options.signal?.throwIfAborted();
    }
    if (deadline.isOver) ended = TIME_WAS_UP;
  } catch (error) {
    ended = whyEnded(error, study, strategy, options.signal);
  }
  const found = await ledger.end(strategy, ended);
  yield { kind: "end", study: found };
  return found;
}

/** Answers in a row that a strategy has had before, after which it is taken to have lost its way. */
const MOST_STALE = 100;

/** Why a study ended before its strategy did; what cannot be excused is thrown. */
function whyEnded(
  error: unknown,
  { ledger, deadline }: OpenWork,
  strategy: StudyStrategy,
  signal: AbortSignal | undefined,
): string {
  if (signal?.aborted) return "It was stopped.";
  if (deadline.isOver) return TIME_WAS_UP;
  // Only a record of the strategy's own has a place to say so.
  if (!(error instanceof UserError) || ledger.trials.length === 0 || !strategy.record) throw error;
  ledger.notes.push(error.message);
  return "It stopped after an error; see the notes.";
}
