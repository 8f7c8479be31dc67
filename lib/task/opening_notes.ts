import type { Dataset } from "../data/dataset.ts";
import { baselineNotes } from "../evaluate/baseline_notes.ts";
import { labelledCount } from "../evaluate/labels_of.ts";
import type { Metric } from "../evaluate/metric.ts";
import { resolutionNote } from "../evaluate/resolution.ts";
import { baselineWords } from "../record/given_record.ts";
import type { OutputError } from "../record/trial_record.ts";
import { isSameMachine, machineText, runtimeName, timedInText } from "../record/runtime_name.ts";
import { unverifiedRuntime } from "../record/verified_runtime.ts";
import type { WorkContext } from "./study_strategy.ts";

/** What the document is called that keeps what float32 said. */
const FLOAT32_NOTES = "float32 notes";

/**
 * What is to be known before the work of a study, in sentences: that it runs in another onnxruntime-web than
 * Octavo was verified with, or on another machine than before; what float32, which is measured first, says against the samples; and that there
 * are too few of them for the budget.
 */
export async function openingNotes(context: WorkContext): Promise<string[]> {
  const { data, metric, budget, runtimes, subject } = context;
  const unverified = unverifiedRuntime((await runtimes.run.environment()).versions);
  const few = resolutionNote(budget.metric, budget.maxDrop, {
    selection: scoredSamples(data.selection, metric),
    test: scoredSamples(data.test, metric),
  });
  const notes = [
    ...subject.notes,
    unverified,
    await otherTimesNote(context),
    ...await float32Notes(context),
    few,
  ];
  return notes.filter((note) => note !== undefined);
}

/** That a study goes on elsewhere: in another binary, with other threads, on another processor. */
async function otherTimesNote({ store, runtimes: { time } }: WorkContext) {
  const earlier = (await store.header())?.provenance;
  if (!earlier) return undefined;
  const { threads } = time.about;
  const environment = await time.environment();
  const here = { threads, runtime: runtimeName(environment) };
  if (earlier.threads === threads && isSameMachine(earlier.machine, environment.machine)) {
    return undefined;
  }
  const [before, now] = [earlier, here].map(timedInText);
  const [there, place] = before === now
    ? [machineText(earlier), environment.machine]
    : [before, now];
  return `Earlier times of this study are of ${there}; this is ${place}: times are measured anew, ` +
    "accuracy is kept.";
}

/** Kept from the first run, as they need what float32 gave for each sample, which is not. */
async function float32Notes(
  { subject: { reference, given }, data, metric, store, experiment }: WorkContext,
): Promise<readonly string[]> {
  const stored = await store.document(FLOAT32_NOTES);
  if (stored !== undefined) return stored as string[];
  const float32 = await experiment.baseline("selection");
  const notes = await baselineNotes(reference, data.selection, metric, {
    ...float32,
    name: baselineWords({ given }).outputs,
  });
  if (given?.reference) {
    const own = await experiment.evaluateGiven("selection");
    notes.push(...otherNetworkNote(given.reference.name, own?.outputs));
  }
  await store.putDocument(FLOAT32_NOTES, notes);
  return notes;
}

/** Signal over noise, dB, below which an int8 file hardly comes from a network: a third of it is noise. */
const FAR = 10;

/** Warns of a reference that the file was likely not made from. */
function otherNetworkNote(name: string, outputs: OutputError | undefined): string[] {
  if (!outputs || outputs.sqnr === null || outputs.sqnr >= FAR) return [];
  const { sqnr } = outputs;
  return [
    `The outputs of the given file have ${
      sqnr.toFixed(1)
    } dB of signal over noise against those of ${name}: ` +
    "was it made from that network?",
  ];
}

function scoredSamples(dataset: Dataset, metric: Metric): number {
  if (!metric.usesLabels) return dataset.stream?.lengths.length ?? dataset.length;
  return labelledCount(dataset);
}
