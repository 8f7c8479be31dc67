import type { Study } from "../record/study_record.ts";
import { isRelative, metricFormat } from "./format.ts";

/** A word of the report and what it means. */
export interface Term {
  readonly term: string;
  readonly text: string;
}

/** A term as a study may word it. */
interface Entry {
  readonly term: string | ((study: Study) => string);
  readonly text: string | ((study: Study) => string);
  /** Whether a study's report uses it. @default {always} */
  readonly when?: (study: Study) => boolean;
}

/** In the order of the report. */
const ENTRIES: readonly Entry[] = [
  {
    term: "95 % interval [low, high]",
    text: "Repeated with other samples of the same kind, such an interval would hold the true " +
      "value 19 times out of 20. Two figures whose intervals overlap widely are not told apart.",
  },
  {
    term: ({ metric }) => metric.name,
    text: (study) =>
      "The metric, in charts and table on the selection split. The headline's figure is from " +
      "the test split, measured once, after the choice was made." +
      (isRelative(study)
        ? " It compares the outputs with float32's on the same samples; float32 itself is " +
          "perfect by definition."
        : ""),
  },
  {
    term: "difference",
    text: "Candidate minus float32, sample by sample (paired). Both networks err on mostly the " +
      "same samples, so its interval is usually narrower than those of the two figures.",
    when: (study) => !isRelative(study),
  },
  {
    term: "budget",
    text: (study) =>
      `${isRelative(study) ? "What is" : "The largest loss"} accepted: ` +
      `${metricFormat(study).budget}. ` +
      '"Over budget" marks a trial that does worse on the selection split.',
  },
  {
    term: "float32",
    text: '"float32 as given" is the model that came in, and what all others are compared with. ' +
      "A trial of the family float32 is the same network after exact rewrites, such as " +
      "BatchNorm folded into the layer before it, without any int8.",
    when: ({ trials }) => trials.some(({ family }) => family === "float32"),
  },
  {
    term: "latency ratio",
    text: "Time of the candidate over time of the float32 model as given; below ×1 is faster. " +
      "Both run in one process, warmed until steady and then turn about, so that whatever " +
      "slows the machine slows both; the figure is the median of the rounds' ratios.",
  },
  {
    term: "drifted",
    text: "float32's own time changed between the halves of that measurement by more than its " +
      "spread: the ratio is less certain than its interval says.",
  },
  {
    term: "SQNR",
    text: "Signal to quantization-noise ratio of the outputs against float32's, in decibels: " +
      '6 dB more halve the error. "exact" means equal to the bit.',
  },
  {
    term: "size",
    text: "The .onnx file; a kilobyte is 1,000 bytes, a megabyte 1,000,000.",
  },
  {
    term: "asked, executes",
    text: "The qconfig that the mapping gives a node, and the operator that the runtime really " +
      'runs for it after its own optimization, read back from its graph: "in X" where the node ' +
      'became part of X, "folded away" where it was computed once while loading, a dash where ' +
      "it was not read back.",
  },
  {
    term: "ms, dB",
    text: "Of a node in the plan: the time of what executes, without changes of precision or " +
      "layout around it; and the SQNR of what it gives against float32's own, with the errors of " +
      "all nodes before it. Both were measured once, on a few samples.",
    when: ({ profiles }) => profiles !== undefined,
  },
];

/** What the words and figures of a report mean, for a reader who has not seen one before. */
export function glossaryOf(study: Study): Term[] {
  const worded = (words: Entry["text"]) => typeof words === "string" ? words : words(study);
  return ENTRIES.filter(({ when }) => when?.(study) ?? true)
    .map(({ term, text }) => ({ term: worded(term), text: worded(text) }));
}
