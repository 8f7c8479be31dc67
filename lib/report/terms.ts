import type { Definition } from "./blocks.ts";

/** A word of Octavo's answers. */
export interface Term extends Pick<Definition, "name"> {
  /** What it means, where outputs are compared with those of a baseline, by its name. */
  readonly text: string | ((baseline: string) => string);
  /** What stands for it in a report, where that is not its name. */
  readonly pattern?: RegExp;
}

/**
 * The words by which Octavo names models and what became of their nodes, each in a sentence or two: the one
 * source of the glossary of reports, of `--help`, and of the table in the README, which a test holds to it.
 */
export const TERMS: readonly Term[] = [
  {
    name: "fused",
    text:
      "The network after exact clean-up: BatchNorm folded into the layer before it, constants " +
      "computed. Where all trials start; names leave it out.",
  },
  {
    name: "lowered",
    text:
      "Fused, and besides rewritten for the runtime's kernels without a change of results: a Conv3d " +
      "over one channel as Conv2d, a convolution on a small map as a matrix product. Sweeps also write " +
      "those that stay float32 as Winograd's, where that was measured to be faster.",
  },
  {
    name: "static",
    text: "int8 weights, and uint8 activations whose ranges come from calibration samples.",
  },
  { name: "dynamic", text: "int8 weights, and activations whose ranges are found at each run." },
  {
    name: "weightOnly",
    text:
      "Weights stored as int8 (or float16, int4) and expanded when the model loads: a quarter of the " +
      "bytes, at float32's speed. Also called stored small.",
    pattern: /weightOnly|stored small|weights only|(int8|int4|float16) weights/,
  },
  {
    name: "cnn-static",
    text:
      "A placement: convolutions and what stands between them static; Linear, GRU, LSTM and RNN " +
      "float32.",
  },
  {
    name: "rnn-dynamic",
    text: "A placement: Linear, GRU, LSTM and RNN dynamic, the rest float32.",
  },
  { name: "mixed", text: "A placement: cnn-static and rnn-dynamic in one model." },
  {
    name: "compact",
    text:
      "A placement: static where int8 is faster than float32, and all other weights stored small.",
  },
  { name: "all", text: "A placement: whatever has an int8 kernel, slower than float32 or not." },
  {
    name: "observer",
    text: "What chooses the range of an activation from what calibration saw.",
    pattern: /lp-norm|percentile|min-max|entropy|mse|histogram/,
  },
  {
    name: "lp-norm 2.4",
    text:
      "The observer that Octavo takes by default: the range with the least error, errors taken to " +
      "the power of 2.4.",
    pattern: /lp-norm/,
  },
  {
    name: "percentile 99.99",
    text: "The observer that keeps so many per cent of the values and clips the rest.",
    pattern: /percentile/,
  },
  {
    name: "per-channel",
    text:
      "Weights have a scale for each output channel; per-tensor: one for all of them. With -mse, " +
      "the largest are clipped where that lowers the error.",
    pattern: /per-(channel|tensor)/,
  },
  {
    name: "QLinearConv, QGemm, ...",
    text:
      "The runtime's int8 kernels. FusedConv, FusedGemm: float32 kernels with the Relu inside. " +
      "MatMulIntegerToFloat, DynamicQuantizeMatMul: dynamic ones.",
    pattern: /QLinear|QGemm|Fused|MatMulInteger|DynamicQuantize/,
  },
  {
    name: "in X",
    text:
      "The node runs inside the kernel X. folded away: it was computed once while loading. A dash: " +
      "what runs was not read back.",
    pattern: /in QLinear|in Q|folded away|in Fused|in Conv/,
  },
  {
    name: "behind a barrier",
    text:
      "The node stays float32, and has something before and after it that keeps the runtime from " +
      "making it int8 between its int8 neighbours.",
    pattern: /barrier/,
  },
  {
    name: "front",
    text: "The models that no other beats in accuracy, time and size at once.",
    pattern: /[Ff]ront/,
  },
  {
    name: "agreement",
    text: (baseline) => `The share of samples whose most likely class is that of ${baseline}.`,
  },
  {
    name: "SQNR",
    text: (baseline) =>
      `Signal to quantization-noise ratio of the outputs against those of ${baseline}, in decibels: 6 dB more ` +
      "is half the error; 20 dB is a tenth of the signal, 40 dB a hundredth. As a metric the mean of " +
      "samples, of each its worst output; over all values: of all samples together.",
  },
];

/**
 * Those of the words that a text uses.
 *
 * @param baseline What outputs are compared with.
 */
export function termsIn(text: string, baseline = "float32"): Definition[] {
  const used = ({ name, pattern = new RegExp(`\\b${name}\\b`) }: Term) => pattern.test(text);
  return TERMS.filter(used).map((term) => defined(term, baseline));
}

/** A word with what it means beside a baseline. */
function defined({ name, text }: Term, baseline = "float32"): Definition {
  return { name, text: typeof text === "string" ? text : text(baseline) };
}

/** The words of these names, for `--help`. */
export function termsOfNames(names: readonly string[]): Definition[] {
  return names.map((name) => defined(TERMS.find((term) => term.name === name)!));
}
