import type { Splits } from "../data/split.ts";
import { UserError } from "../errors.ts";
import type { Model } from "../onnx/model.ts";
import type { BeginEvent, EndEvent, OnStep, TrialEvent } from "../record/event.ts";
import type { Study } from "../record/study_record.ts";
import { askAndTell } from "../study/strategy.ts";
import { OpenWork } from "./open_work.ts";
import { openingNotes } from "./opening_notes.ts";
import type { StudyOptions } from "./study_options.ts";
import { type StudyStrategy, TIME_WAS_UP, type WorkContext } from "./study_strategy.ts";

/** The events of a study, and the study in the end. */
export type StudyWork = AsyncGenerator<BeginEvent | TrialEvent | EndEvent, Study, void>;

/** What makes a strategy that comes with Octavo. */
export type WorkMaker =
  | StudyStrategy
  | ((context: WorkContext) => StudyStrategy | Promise<StudyStrategy>);

/** What `runStudy()` does, event by event. */
export async function* studyWork(
  model: Model,
  data: Splits,
  maker: WorkMaker,
  options: StudyOptions,
  onStep: OnStep,
): StudyWork {
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
