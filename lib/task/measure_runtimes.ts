import { sameBits } from "../data/same_bits.ts";
import { reasonOf, UserError } from "../errors.ts";
import { compareTurns } from "../evaluate/compare_turns.ts";
import type { Model } from "../onnx/model.ts";
import { freezeRandom } from "../passes/freeze_random.ts";
import { executedChanges } from "../profile/executed_changes.ts";
import { firstParting } from "../profile/first_parting.ts";
import { kernelChange } from "../profile/kernel_change.ts";
import type { Binary } from "../record/binary.ts";
import type { Parting, RuntimeRow } from "../record/runtime_table.ts";
import { VERIFIED_RUNTIME } from "../record/verified_runtime.ts";
import { countNodes } from "../runtime/count_nodes.ts";
import { openRuntime } from "../runtime/open_runtime.ts";
import { measuringPace } from "../runtime/pace.ts";
import type { RunProfile } from "../runtime/profile_run.ts";
import type { Runtime, RuntimeChoice } from "../runtime/runtime.ts";
import type { Feeds, Tensor } from "../tensor/tensor.ts";

/** What is run in every runtime. */
export interface RuntimeSubject {
  readonly model: Model;
  /** What its time is held against, in each of them. */
  readonly float32?: Model;
  /** Of one shape. */
  readonly samples: readonly Feeds[];
}

/** A runtime to measure. */
export interface MeasuredChoice extends RuntimeChoice {
  binary: Binary;
}

/** Options for {@linkcode measureRuntimes}. */
export interface MeasureRuntimesOptions {
  /** Threads of the runtime. @default {1} */
  threads?: number;
  /** How often every runtime has its turn of timing. @default {3; 1 where times mean nothing} */
  passes?: number;
  /** Fresh workers in which each runtime is started. @default {6} */
  coldRounds?: number;
  /** Also tell what each runtime executes otherwise than the one before. @default {false} */
  changes?: boolean;
  /** Makes a runtime. @default {openRuntime, with one worker} */
  open?: (choice: MeasuredChoice) => Runtime;
  /** Ends the work early: the promise is then rejected with the signal's reason. */
  signal?: AbortSignal;
  /** Called with what is being done. */
  onProgress?: (step: string) => void;
}

/** Rounds of one turn, and milliseconds after which no further one begins. */
const TURN = { rounds: 7, maxMs: 4000 };

/** A runtime at work, and what is known of it so far. */
interface Place {
  readonly runtime: Runtime;
  readonly row: RuntimeRow;
  readonly name: string;
  /** What the models gave: `[model][sample]`. */
  outputs: Readonly<Record<string, Tensor>>[][];
  /** The graph that is executed, where it can be read. */
  executed: Model | undefined;
  profile: RunProfile | undefined;
}

/**
 * Runs a model in several runtimes: whether each opens it, gives the same bits, and what it takes there. All of
 * them take turns, so that a machine that slows down slows all of them.
 *
 * What a runtime refuses is told in its row, and the others go on.
 */
export async function measureRuntimes(
  subject: RuntimeSubject,
  choices: readonly MeasuredChoice[],
  options: MeasureRuntimesOptions = {},
): Promise<RuntimeRow[]> {
  const { threads = 1, onProgress = () => {} } = options;
  const { open = (choice) => openRuntime({ workers: 1, threads, ...choice }) } = options;
  const places: Place[] = choices.map((choice) => placeOf(choice, open(choice)));
  try {
    for (const place of places) {
      onProgress(`opening it in ${place.name}`);
      await settle(place, subject, options);
    }
    const ran = places.filter(({ row }) => row.refused === undefined);
    for (const [i, place] of ran.entries()) {
      place.row.bits = await bitsOf(place, ran[0]!, subject, options);
      if (options.changes && i > 0) noteChanges(ran[i - 1]!, place);
    }
    const times = await timeInTurns(ran, subject, options);
    const starts = await startInTurns(ran, subject, options);
    const turns = ran.map((_, i) => ({ ms: times[i]!, starts: starts[i]! }));
    for (const [i, { row }] of ran.entries()) {
      Object.assign(row, compareTurns(turns[i]!, turns[0]!));
    }
    return places.map(({ row }) => row);
  } finally {
    for (const { runtime } of places) runtime.close();
  }
}

function placeOf({ binary, ort }: MeasuredChoice, runtime: Runtime): Place {
  const row: RuntimeRow = { release: String(ort ?? VERIFIED_RUNTIME), binary };
  const name = ort === undefined ? binary : `onnxruntime-web ${ort}, ${binary}`;
  return { runtime, row, name, outputs: [], executed: undefined, profile: undefined };
}

/** The models, the one to be told of last. */
function modelsOf({ model, float32 }: RuntimeSubject): Model[] {
  return float32 ? [float32, model] : [model];
}

/** Opens the models, and keeps what they give; what does not work becomes the row's. */
async function settle(
  place: Place,
  subject: RuntimeSubject,
  { changes, signal }: MeasureRuntimesOptions,
): Promise<void> {
  const { runtime, row } = place;
  const { samples } = subject;
  try {
    row.release = (await runtime.environment()).release;
    for (const model of modelsOf(subject)) {
      const results = runtime.run(freezeRandom(model), samples, { ...(signal && { signal }) });
      place.outputs.push(await Array.fromAsync(results));
    }
    place.executed = await runtime.optimized(subject.model);
    const { executed } = countNodes(subject.model, place.executed);
    if (executed !== undefined) row.nodes = executed;
    if (changes) {
      place.profile = await runtime.profile(subject.model, samples, { ...(signal && { signal }) });
    }
  } catch (error) {
    if (!(error instanceof UserError) || signal?.aborted) throw error;
    row.refused = reasonOf(error);
  }
}

/** Whether all outputs of all models have the bits that they have in the first place. */
async function bitsOf(
  place: Place,
  first: Place,
  subject: RuntimeSubject,
  { signal, onProgress = () => {} }: MeasureRuntimesOptions,
): Promise<"same" | Parting> {
  for (const [which, model] of modelsOf(subject).entries()) {
    for (const [sample, expected] of first.outputs[which]!.entries()) {
      const found = place.outputs[which]![sample]!;
      const tensor = Object.keys(expected).find((name) => !sameBits(expected[name]!, found[name]!));
      if (tensor === undefined) continue;
      onProgress(`looking where ${place.name} parts from ${first.name}`);
      const runtimes = [first.runtime, place.runtime] as const;
      const feeds = subject.samples[sample]!;
      return await firstParting(freezeRandom(model), feeds, runtimes, { signal }) ??
        { model: model.name, node: "", opType: "", tensor };
    }
  }
  return "same";
}

/** What is executed otherwise than in the place before. */
function noteChanges(before: Place, { row, executed, profile }: Place): void {
  if (before.executed && executed) {
    const changes = executedChanges(before.executed.graph, executed.graph);
    if (changes.length > 0) row.changes = changes;
  }
  const kernel = before.profile && profile && kernelChange(before.profile, profile);
  if (kernel) row.kernel = kernel;
}

/** Times all models in each place, `[place][turn][round][model]`, the places in turns. */
async function timeInTurns(
  places: readonly Place[],
  subject: RuntimeSubject,
  { passes = measuringPace().isHasty ? 1 : 3, signal, onProgress = () => {} }:
    MeasureRuntimesOptions,
): Promise<number[][][][]> {
  const turns = places.map((): number[][][] => []);
  for (let pass = 0; pass < passes; pass++) {
    for (const [i, { runtime, name }] of places.entries()) {
      onProgress(`timing it in ${name} (${pass + 1} of ${passes})`);
      const options = { ...TURN, ...(signal && { signal }) };
      turns[i]!.push((await runtime.times(modelsOf(subject), subject.samples, options)).ms);
    }
  }
  return turns;
}

/** Starts each place anew with the model, the places in turns: milliseconds, `[place][round]`. */
async function startInTurns(
  places: readonly Place[],
  { model, samples }: RuntimeSubject,
  options: MeasureRuntimesOptions,
): Promise<number[][]> {
  const { signal, onProgress = () => {} } = options;
  const coldRounds = Math.min(options.coldRounds ?? 6, measuringPace().coldRounds);
  const rounds = places.map((): number[] => []);
  for (let round = 0; round < coldRounds; round++) {
    for (const [i, { runtime, name }] of places.entries()) {
      onProgress(`starting ${name} (${round + 1} of ${coldRounds})`);
      const options = { rounds: 1, ...(signal && { signal }) };
      const start = (await runtime.coldStart?.([model], samples[0]!, options))?.starts[0]?.[0];
      if (start?.startMs !== undefined) rounds[i]!.push(start.startMs + start.createMs);
    }
  }
  return rounds;
}
