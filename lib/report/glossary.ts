import type { AblationRecord } from "../record/ablation_record.ts";
import type { Study } from "../record/study_record.ts";
import type { Definition } from "./blocks.ts";
import { termsIn } from "./terms.ts";
import { isRelative, metricFormat } from "./format.ts";
import { baselineWords } from "../record/given_record.ts";

/** A term as a study may word it. */
interface Entry {
  readonly name: string | ((study: Study) => string);
  readonly text: string | ((study: Study) => string);
  /** Whether a study's report uses it. @default {always} */
  readonly when?: (study: Study) => boolean;
}

/** Whether it was measured what a page waits for. */
function isStartKnown({ trials }: Study): boolean {
  return trials.some(({ coldStart }) => coldStart !== undefined);
}

/** In the order of the report. */
const ENTRIES: readonly Entry[] = [
  {
    name: "95 % interval [low, high]",
    text: "Repeated with other samples of the same kind, such an interval would hold the true " +
      "value 19 times out of 20. If two intervals overlap widely, the measurement cannot tell the " +
      "two values apart.",
  },
  {
    name: ({ metric }) => metric.name,
    text: (study) =>
      "The metric. Charts and tables show it on the selection split. The headline shows it on the " +
      "test split, which was measured once, after the choice." +
      (isRelative(study)
        ? ` It compares the outputs with ${
          baselineWords(study).outputs
        }'s on the same samples, so ` +
          `${baselineWords(study).outputs} itself is perfect.`
        : ""),
  },
  {
    name: "difference",
    text: (study) =>
      `Candidate minus ${
        baselineWords(study).outputs
      }, sample by sample (paired). Both networks are wrong ` +
      "on mostly the same samples, so its interval is usually narrower than the intervals of the two values.",
    when: (study) => !isRelative(study),
  },
  {
    name: "budget",
    text: (study) =>
      `${isRelative(study) ? "What is" : "The largest loss"} accepted: ` +
      `${metricFormat(study).budget}. ` +
      '"Over budget" marks a trial that does worse on the selection split.',
  },
  {
    name: "float32",
    text: '"float32 as given" is the model that came in, and what all others are compared with. ' +
      "A trial of the family float32 is the same network after exact rewrites, such as " +
      "BatchNorm folded into the layer before it, without any int8.",
    when: ({ trials, given }) => !given && trials.some(({ family }) => family === "float32"),
  },
  {
    name: "the file as given",
    text: ({ given }) =>
      "The model that came in, which is int8 already: times and sizes are against it" +
      (given?.reference
        ? `, accuracy against the float32 network ${given.reference.name}.`
        : ", and so is accuracy: what is closer to float32 than the file counts as different too."),
    when: ({ given }) => given !== undefined,
  },
  {
    name: "float32",
    text: (study) =>
      `A trial of the family float32 is ${
        baselineWords(study).operators
      }: without int8 kernels, with the ` +
      "integers of the file as its weights, which are expanded while it loads. It is not the float32 network " +
      "that the file was made from.",
    when: ({ trials, given }) =>
      given !== undefined && trials.some(({ family }) => family === "float32"),
  },
  {
    name: "latency ratio",
    text: (study) =>
      `Time of the candidate divided by the time of ${baselineWords(study).row}; below ×1 is ` +
      "faster. Both run in turns in one process once V8 has compiled their code for good, so that " +
      "whatever slows the machine slows both. The value is the median of the rounds' ratios; the " +
      "interval has in it what fresh processes differ by (2 %).",
  },
  {
    name: "drifted",
    text: (study) =>
      `The time of ${
        baselineWords(study).model
      }, that of the candidate, or their ratio changed between the two halves ` +
      "of the measurement by more than its spread, or the code was not warm in the end: the ratio is " +
      "less certain than its interval says.",
  },
  {
    name: "size",
    text: "The .onnx file; a kilobyte is 1,000 bytes, a megabyte 1,000,000. After brotli: what a " +
      "server sends that compresses at each request (quality 5).",
  },
  {
    name: "nodes",
    text:
      "How many nodes run after the runtime's own optimization, and of how many in the file; those in " +
      "the body of a loop count once. Each costs about a microsecond beside its kernel.",
    when: ({ trials }) => trials.some(({ nodes }) => nodes !== undefined),
  },
  {
    name: "create, create ratio",
    text: (study) =>
      "Time from the model's bytes to a session that can run, and its ratio to " +
      `${baselineWords(study).model}'s. As in a ` +
      "page that opens the model for the first time: in a fresh worker, with no code compiled. " +
      "First result: the first run after that.",
    when: isStartKnown,
  },
  {
    name: "steady",
    text:
      "Time of running until a run takes what it comes to, within 10 %: the browser compiles code " +
      "quickly first, and well while it runs.",
    when: isStartKnown,
  },
  {
    name: "WASM heap",
    text:
      "Memory that the runtime holds after loading and running the model, its own 16.8 MB among " +
      "it. It never shrinks.",
    when: isStartKnown,
  },
  {
    name: "asked, executes",
    text:
      "asked: the form that the mapping gives a node. executes: the operator that the runtime runs " +
      "for it after its own optimization, read back from its graph.",
  },
  {
    name: "ms, dB",
    text: (study) =>
      "In the plan, ms is the time of the operator that executes, without conversions before and " +
      `after it. dB is the SQNR of the node's output against that of ${
        baselineWords(study).operators
      }, ` +
      "errors of all earlier nodes included. Both were measured once, on a few samples.",
    when: ({ profiles }) => profiles !== undefined,
  },
];

/** What the words and figures of a report mean, for a reader who has not seen one before. */
export function glossaryOf(study: Study): Definition[] {
  const worded = (words: Entry["text"]) => typeof words === "string" ? words : words(study);
  const own = ENTRIES.filter(({ when }) => when?.(study) ?? true)
    .map(({ name, text }) => ({ name: worded(name), text: worded(text) }));
  const { trials, winner, search } = study;
  const plan = trials.find(({ key }) => key === winner?.key)?.plan ?? [];
  const words = [
    ...trials.flatMap(({ name, family }) => [name, family]),
    ...plan.flatMap(({ asked, applied, executes, why }) => [asked, applied, executes, why]),
    ...search ? ["front", ...search.decisions.map(({ form }) => form)] : [],
    "SQNR",
  ];
  const known = new Set(own.map(({ name }) => name));
  const { outputs } = baselineWords(study);
  return [...own, ...termsIn(words.join("\n"), outputs).filter(({ name }) => !known.has(name))];
}

/** The same for the report of an ablation. */
export function ablationGlossary(record: AblationRecord): Definition[] {
  const { layers, leftOut, metric } = record;
  const words = [
    ...layers.flatMap(({ qconfig, why }) => [qconfig, why]),
    ...leftOut.map(({ why }) => why),
    metric.name,
    "SQNR",
  ];
  const { operators } = baselineWords(record);
  return [...ABLATION_ENTRIES, ...termsIn(words.join("\n"), operators)];
}

const ABLATION_ENTRIES: readonly Definition[] = [
  {
    name: "[low, high]",
    text: "95 % intervals of differences on the same samples. One that holds 0 may be chance.",
  },
  {
    name: "only this int8",
    text: "This layer in int8, all others in float32: what it costs alone.",
  },
  {
    name: "all but this",
    text: "All layers in int8 and this one in float32: what leaving it out would gain.",
  },
  {
    name: "brings ... of the error",
    text:
      "The share of this layer in the power of the errors that all layers make, each alone. Errors " +
      "of layers add up about as if they were independent.",
  },
  {
    name: "ms saved, time",
    text:
      "What the kernels of the layer take less in int8, and int8's time over float32's; conversions " +
      "around them are not in it.",
  },
  {
    name: "own SQNR, accumulated",
    text:
      "The error that rounding this activation makes by itself, and the one it has with all layers " +
      "int8.",
  },
  {
    name: "kurtosis, 99.9 % of values",
    text:
      "How much of the range a few values take: a normal distribution has a kurtosis of 3. Where " +
      "99.9 % of the values take a small part of the range, clipping the others helps.",
  },
];
