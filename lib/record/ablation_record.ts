import type { GivenRecord } from "./given_record.ts";
import type { Json } from "./json.ts";
import type { Estimate, MetricInfo } from "./metric_info.ts";
import type { SplitInfo } from "./study_record.ts";
import type { RuntimeName } from "./runtime_name.ts";

/** The record of an ablation: plain JSON, one schema, which the report draws. */

/**
 * What a change of a network does.
 * @category Records (advanced)
 */
export interface Effect {
  /** Samples that were run, of {@linkcode Effect.samples}. */
  run: number;
  /** Samples that it is about. */
  samples: number;
  /** Value of the metric. */
  value?: Estimate;
  /** Value minus that of the network that was changed, on the same samples, in the metric's unit. */
  difference?: Estimate;
  /** SQNR of the outputs against float32's, dB, mean over samples; 150 where equal to the bit. */
  sqnr?: Estimate;
  /** Power of the error over that of float32's outputs, over the same samples. */
  noise?: number;
  /** Cosine of the outputs' angle to float32's, mean over samples. */
  cosine?: number;
  /**
   * The lead of a class above which samples were not run and count as unchanged; absent where that is no
   * reason to leave samples out.
   */
  margin?: number;
  /** Why it could not be measured, if so. */
  error?: string;
}

/**
 * How the values of a tensor are spread.
 * @category Records (advanced)
 */
export interface Spread {
  /** The smallest value. */
  min: number;
  /** The largest value. */
  max: number;
  /** Fourth moment over the square of the second, of values that are not 0: 3 for normal ones. */
  kurtosis: number;
  /** Share of the range, 0..1, that holds the central 99.9 % of the values. */
  bulk: number;
}

/**
 * An activation that is quantized if all layers are int8.
 * @category Records (advanced)
 */
export interface TensorErrors {
  /** Its name. */
  name: string;
  /** Node that gives it; "" for an input of the network. */
  node: string;
  /** SQNR of what it holds in float32 rounded to its integers, dB: its own error. */
  own?: number;
  /** SQNR of what it holds with all layers int8, dB: errors of all layers before it included. */
  accumulated?: number;
  /** How its values are spread, over the calibration samples. */
  spread?: Spread;
}

/**
 * What int8 does in one layer.
 * @category Records (advanced)
 */
export interface AblatedLayer {
  /** Name of its node, or its module path. */
  name: string;
  /** Module path, "" where none can be recovered. */
  path: string;
  /** Operators in order. */
  ops: string[];
  /** Names of its nodes. */
  nodes: string[];
  /** Its form, in words. */
  qconfig: string;
  /** This layer int8, all others float32; against float32. */
  only?: Effect;
  /** All layers int8 but this one; against all of them. */
  allBut?: Effect;
  /** Its weights int8, its activations float32; against float32. */
  weights?: Effect;
  /** Its activations int8, its weights float32; against float32. */
  activations?: Effect;
  /** Milliseconds of its kernels, conversions around them not included. */
  ms?: {
    float32: number;
    int8: number;
  };
  /** Activations that it reads or gives, as integers. */
  tensors: string[];
  /** Why it costs what it costs, and what would help, in a sentence; "" where nothing stands out. */
  why: string;
}

/**
 * Two layers int8 together.
 * @category Records (advanced)
 */
export interface LayerPair {
  /** Names of both. */
  layers: [string, string];
  /** What both do together. */
  together: Effect;
  /** Effect of both minus the sum of each one's, in the metric's unit. */
  interaction?: number;
  /** Power of the error of both over the sum of each one's, dB: 0 if errors add up as if independent. */
  noise?: number;
}

/**
 * An ablation: what int8 does in each layer of a network.
 * @category Studies
 */
export interface AblationRecord {
  /** Version of this form. */
  schema: 1;
  /** Title for the report: the model's file name or the sample's name. */
  title: string;
  /** The network as given: name, SHA-256 and size of its file in bytes. */
  model: {
    name: string;
    hash: string;
    bytes: number;
  };
  /**
   * What that is, where it is int8 already; absent: float32. Where this record says float32 it is then the file
   * in float32 operators, with the weights that it holds.
   */
  given?: GivenRecord;
  /** The samples and their splits. */
  data: {
    name: string;
    splits: SplitInfo[];
  };
  /** What accuracy is measured by. */
  metric: MetricInfo;
  /** Float32, in the unit of the metric. */
  baseline: Estimate;
  /** All layers int8; against float32. Absent where it was stopped before. */
  int8?: Effect;
  /** In the order of the network. */
  layers: AblatedLayer[];
  /** The activations that are quantized if all layers are int8. */
  tensors: TensorErrors[];
  /** Layers that were measured two at a time. */
  pairs: LayerPair[];
  /** Nodes with weights that the mapping leaves in float32, with the reason. */
  leftOut: {
    node: string;
    opType: string;
    why: string;
  }[];
  /** What it took. */
  cost: {
    seconds: number;
    /** Runs of variants on a sample, from where they differ. */
    runs: number;
    /** Runs of whole networks that the same takes if each variant is evaluated on every sample. */
    plainRuns: number;
    /** Effects taken from an earlier run. */
    reused: number;
  };
  /** How long times were measured with. */
  timing?: {
    threads: number;
    machine: string;
    /** What ran the layers; absent in records of before: onnxruntime-web 1.30.0, plain, in Deno. */
    runtime?: RuntimeName;
    drifted: boolean;
  };
  /** Whether it was stopped before all was measured. */
  stopped: boolean;
  /**
   * Everything needed to run it again: the command, versions, and the options of `ablate()` that
   * decide the numbers.
   */
  provenance: {
    command: string;
    versions: Record<string, string>;
    /** Options of `ablate()` that decide the numbers. */
    options: Record<string, Json>;
  };
}
