import type { Evaluation } from "../evaluate/evaluate.ts";
import { isShare, type Metric } from "../evaluate/metric.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Replay } from "./replay.ts";

/** What a network gave for a sample. */
export type SampleOutputs = Readonly<Record<string, Tensor>>;

/** The network that variants are variants of, on each sample as far as it is known. */
export interface Baseline {
  /** Score of each sample; float32's where this network was not run. */
  readonly scores: Float64Array;
  /** Its outputs by sample, where it was run. */
  readonly results: Map<number, SampleOutputs>;
  /** How far, at most, the lead of a class is from float32's where this network was not run. */
  readonly moved: number;
}

/** What effects are measured against. */
export interface EffectSetup {
  /** Replays the network that the variants are variants of. */
  readonly replay: Pick<Replay, "base" | "dataset" | "outputs" | "run">;
  readonly metric: Metric;
  /** Float32's evaluation on the data set, with its outputs: closeness is closeness to these. */
  readonly float32: Evaluation;
  /**
   * The network that is replayed, if it is not float32. What more is run of it is added.
   * @default {float32}
   */
  readonly base?: Baseline;
  /** Number of samples, drawn at random, that every variant is run on. @default {16} */
  readonly screening?: number;
  /**
   * Half the width of an interval that is narrow enough, in the metric's unit, see
   * {@linkcode resolutionOf}; undefined where only all samples will do.
   */
  readonly resolution: number | undefined;
  /** Of the draw. @default {0} */
  readonly seed?: number;
  /** Told what a variant gave for a sample, and its score. */
  readonly onOutputs?: (index: number, outputs: SampleOutputs, score: number) => void;
}

/** Float32 as its own variants see it: all of it is known. */
export function baselineOf({ scores, results }: Evaluation): Baseline {
  return { scores, results: new Map(results!.entries()), moved: 0 };
}

/**
 * Half the width of an interval that is narrow enough, in the metric's unit: what is asked, else what the
 * metric says, else 1 % of the value of float32. Undefined for shares, which take hundreds of samples to
 * be known to the point: all samples are run.
 */
export function resolutionOf(
  metric: Pick<Metric, "unit" | "share" | "resolution">,
  float32: number,
  asked?: number,
): number | undefined {
  if (isShare(metric)) return undefined;
  return asked ?? metric.resolution ?? Math.abs(float32) / 100;
}
