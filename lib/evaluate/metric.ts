import { UserError } from "../errors.ts";
import type { MetricInfo } from "../record/metric_info.ts";
import type { Tensor, ValueType } from "../tensor/tensor.ts";
import { type Classes, isFloat, readClasses } from "./classes.ts";
import {
  addSums,
  comparable,
  cosineOf,
  noSums,
  sameShape,
  sqnrOf,
  type Sums,
} from "./closeness.ts";

/** What a metric is shown of one sample. */
export interface ScoredSample {
  /** What the network gave. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** What the float32 network gave for the same sample. */
  readonly reference: Readonly<Record<string, Tensor>>;
  /** Class of the sample; absent where it is not known. */
  readonly label?: number;
  /** Index of the sample in its data set. */
  readonly index: number;
}

/**
 * A measure of how good a network's outputs are. Any object of this shape will do. Its value over a
 * data set is the mean of its scores.
 */
export interface Metric extends MetricInfo {
  /** Samples without a label are left out. @default {false} */
  readonly usesLabels?: boolean;
  /**
   * It measures closeness to the float32 network, whose own score is then the same for every
   * sample, and no estimate. @default {false}
   */
  readonly relative?: boolean;
  /**
   * Set where a score follows from the class that is chosen at each position of an output, and from
   * nothing else of the outputs: as long as no class changes, the score does not. @default {none}
   */
  readonly decidedBy?: ClassOptions;
  /** Score of one sample; within 0..1 where `unit` is "%". May throw an Error that says why not. */
  score(sample: ScoredSample): number;
}

/** Options for {@linkcode top1} and {@linkcode agreement}. */
export interface ClassOptions {
  /** Output that holds the classes. @default {see {@linkcode readClasses}} */
  output?: string;
}

/**
 * Share of samples whose class is the label. Where the output is the class itself (an integer),
 * it is compared with the label as it is.
 */
export function top1(options: ClassOptions = {}): Metric {
  return {
    name: "top-1",
    unit: "%",
    higherIsBetter: true,
    usesLabels: true,
    decidedBy: options,
    score({ outputs, label }) {
      const { output, ids, count } = readClasses(outputs, options.output);
      if (ids.length !== 1) {
        throw new Error(
          `output "${output}" has ${ids.length} positions, but there is one label; ` +
            `score it with a metric of your own`,
        );
      }
      if (label! >= count) {
        throw new Error(`its label ${label} is outside the ${count} classes of output "${output}"`);
      }
      return ids[0] === label ? 1 : 0;
    },
  };
}

/**
 * Share of samples whose class is the one that the float32 network chose; for outputs of several
 * positions, the share of positions, averaged over samples. It needs no labels.
 */
export function agreement(options: ClassOptions = {}): Metric {
  return {
    name: "agreement",
    unit: "%",
    higherIsBetter: true,
    relative: true,
    decidedBy: options,
    score({ outputs, reference }) {
      const ours = readClasses(outputs, options.output);
      const theirs = readClasses(reference, options.output);
      requireEqualLength(ours, theirs);
      let equal = 0;
      for (let i = 0; i < ours.ids.length; i++) if (ours.ids[i] === theirs.ids[i]) equal++;
      return ours.ids.length === 0 ? 1 : equal / ours.ids.length;
    },
  };
}

/** Options for {@linkcode sqnr} and {@linkcode cosine}. */
export interface ClosenessOptions {
  /** Outputs to compare. @default {all float outputs, or all numeric ones if there are none} */
  outputs?: readonly string[];
}

/**
 * Signal to quantization-noise ratio of a sample's outputs against the float32 network's, in dB; of
 * several outputs the worst, since outputs differ in scale and one must not hide another. Equal
 * outputs count as 150 dB, the end of float32's own resolution.
 */
export function sqnr(options: ClosenessOptions = {}): Metric {
  return {
    name: "SQNR",
    unit: "dB",
    higherIsBetter: true,
    relative: true,
    score: (sample) => worst(sample, options, sqnrOf),
  };
}

/** Cosine similarity of a sample's outputs with the float32 network's; of several the worst. */
export function cosine(options: ClosenessOptions = {}): Metric {
  return {
    name: "cosine",
    unit: "",
    higherIsBetter: true,
    relative: true,
    score: (sample) => worst(sample, options, cosineOf),
  };
}

/**
 * The metric for a network by what it puts out: top-1 with labels; without, agreement if its only
 * float output holds scores of classes ([N, classes], [N, positions, classes], [N, classes, 1, 1])
 * or if it puts out classes alone; else SQNR.
 *
 * @param outputs What the network says of its outputs.
 * @param labelled Whether there are samples with a label.
 * @throws {UserError} If there are labels but no output that could be compared with them.
 */
export function defaultMetric(outputs: readonly ValueType[], labelled: boolean): Metric {
  const floats = outputs.filter(({ type }) => isFloat(type));
  const integer = outputs.find(({ type }) => /int/.test(type));
  if (labelled) {
    const scores = floats.find((output) => holdsClasses(output, false));
    const output = scores ?? integer;
    if (output) return top1({ output: output.name });
    const list = outputs.map(({ name, type, dims }) =>
      `"${name}" (${type} [${dims?.map((dim) => dim ?? "?").join(", ") ?? "..."}])`
    );
    throw new UserError(
      `Cannot compare labels with the network's outputs ${
        list.join(", ")
      }: none holds the scores ` +
        `of classes, [N, classes], or a class; bring a metric of your own, or data without labels`,
    );
  }
  const [only] = floats;
  if (only && floats.length === 1 && holdsClasses(only, true)) {
    return agreement({ output: only.name });
  }
  if (floats.length === 0 && integer) return agreement({ output: integer.name });
  return sqnr();
}

/** @param positions Whether several positions per sample will do, and the classes must be fixed. */
function holdsClasses({ dims }: ValueType, positions: boolean): boolean {
  if (!dims) return !positions;
  const [, second, third, fourth] = dims;
  const image = dims.length === 4 && third === 1 && fourth === 1;
  const sequence = dims.length === 3 && (positions || second === 1);
  if (dims.length !== 2 && !image && !sequence) return false;
  const classes = image ? second : dims.at(-1);
  return typeof classes === "number" ? classes > 1 : !positions;
}

function worst(
  { outputs, reference }: ScoredSample,
  { outputs: names = comparable(reference) }: ClosenessOptions,
  measure: (sums: Sums) => number,
): number {
  if (names.length === 0) throw new Error("there is no output of numbers to compare");
  return Math.min(...names.map((name) => {
    const ours = outputs[name];
    const theirs = reference[name];
    if (!ours || !theirs) throw new Error(`there is no output "${name}"`);
    if (!sameShape(ours, theirs)) {
      throw new Error(
        `output "${name}" is of shape [${ours.dims.join(", ")}], but float32's of ` +
          `[${theirs.dims.join(", ")}]; score it with a metric of your own`,
      );
    }
    const sums = noSums();
    addSums(sums, theirs, ours);
    return measure(sums);
  }));
}

function requireEqualLength(ours: Classes, theirs: Classes): void {
  if (ours.ids.length === theirs.ids.length) return;
  throw new Error(
    `output "${ours.output}" has ${ours.ids.length} positions, but float32's ` +
      `${theirs.ids.length}; score it with a metric of your own`,
  );
}
