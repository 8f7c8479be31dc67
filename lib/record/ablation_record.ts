import { z } from "zod";
import { estimate, metricInfo } from "./metric_info.ts";
import { splitInfo } from "./study_record.ts";

/** The record of an ablation: plain JSON, one schema, which the report draws. */

/** What a change of a network does. */
export const effect = z.strictObject({
  /** Samples that were run, */
  run: z.int(),
  /** of so many. */
  samples: z.int(),
  /** Value of the metric. */
  value: estimate.optional(),
  /** Value minus that of the network that was changed, on the same samples, in the metric's unit. */
  difference: estimate.optional(),
  /** SQNR of the outputs against float32's, dB, mean over samples; 150 where equal to the bit. */
  sqnr: estimate.optional(),
  /** Power of the error over that of float32's outputs, over the same samples. */
  noise: z.number().optional(),
  cosine: z.number().optional(),
  /**
   * The lead of a class above which samples were not run and count as unchanged; absent where that is no
   * reason to leave samples out.
   */
  margin: z.number().optional(),
  /** Why it could not be measured, if so. */
  error: z.string().optional(),
});
/** What a change of a network does: plain JSON. */
export type Effect = z.infer<typeof effect>;

/** How the values of a tensor are spread. */
const spread = z.strictObject({
  min: z.number(),
  max: z.number(),
  /** Fourth moment over the square of the second, of values that are not 0: 3 for normal ones. */
  kurtosis: z.number(),
  /** Share of the range, 0..1, that holds the central 99.9 % of the values. */
  bulk: z.number(),
});
export type Spread = z.infer<typeof spread>;

/** An activation that is quantized if all layers are int8. */
const tensorErrors = z.strictObject({
  name: z.string(),
  /** Node that gives it; "" for an input of the network. */
  node: z.string(),
  /** SQNR of what it holds in float32 rounded to its integers, dB: its own error. */
  own: z.number().optional(),
  /** SQNR of what it holds with all layers int8, dB: errors of all layers before it included. */
  accumulated: z.number().optional(),
  spread: spread.optional(),
});
export type TensorErrors = z.infer<typeof tensorErrors>;

/** What int8 does in one layer. */
const ablatedLayer = z.strictObject({
  /** Name of its node, or its module path. */
  name: z.string(),
  path: z.string(),
  /** Operators in order. */
  ops: z.array(z.string()),
  nodes: z.array(z.string()),
  /** Its form, in words. */
  qconfig: z.string(),
  /** This layer int8, all others float32; against float32. */
  only: effect.optional(),
  /** All layers int8 but this one; against all of them. */
  allBut: effect.optional(),
  /** Its weights int8, its activations float32; against float32. */
  weights: effect.optional(),
  /** Its activations int8, its weights float32; against float32. */
  activations: effect.optional(),
  /** Milliseconds of its kernels, conversions around them not included. */
  ms: z.strictObject({ float32: z.number(), int8: z.number() }).optional(),
  /** Activations that it reads or gives, as integers. */
  tensors: z.array(z.string()),
  /** Why it costs what it costs, and what would help, in a sentence; "" where nothing stands out. */
  why: z.string(),
});
/** What int8 does in one layer: plain JSON. */
export type AblatedLayer = z.infer<typeof ablatedLayer>;

/** Two layers int8 together. */
const layerPair = z.strictObject({
  layers: z.tuple([z.string(), z.string()]),
  together: effect,
  /** Effect of both minus the sum of each one's, in the metric's unit. */
  interaction: z.number().optional(),
  /** Power of the error of both over the sum of each one's, dB: 0 if errors add up as if independent. */
  noise: z.number().optional(),
});
export type LayerPair = z.infer<typeof layerPair>;

/** An ablation: what int8 does in each layer of a network. */
export const ablationRecord = z.strictObject({
  schema: z.literal(1),
  title: z.string(),
  model: z.strictObject({ name: z.string(), hash: z.string(), bytes: z.int() }),
  data: z.strictObject({ name: z.string(), splits: z.array(splitInfo) }),
  metric: metricInfo,
  /** Float32. */
  baseline: estimate,
  /** All layers int8; against float32. Absent where it was stopped before. */
  int8: effect.optional(),
  layers: z.array(ablatedLayer),
  tensors: z.array(tensorErrors),
  pairs: z.array(layerPair),
  /** Nodes with weights that the mapping leaves in float32, with the reason. */
  leftOut: z.array(z.strictObject({ node: z.string(), opType: z.string(), why: z.string() })),
  /** What it took. */
  cost: z.strictObject({
    seconds: z.number(),
    /** Runs of variants on a sample, from where they differ. */
    runs: z.int(),
    /** Runs of whole networks that the same takes if each variant is evaluated on every sample. */
    plainRuns: z.int(),
    /** Effects taken from an earlier run. */
    reused: z.int(),
  }),
  /** How long times were measured with. */
  timing: z.strictObject({ threads: z.int(), machine: z.string(), drifted: z.boolean() })
    .optional(),
  /** It was stopped before all was measured. */
  stopped: z.boolean(),
  provenance: z.strictObject({
    command: z.string(),
    versions: z.record(z.string(), z.string()),
    /** Options of `ablate()` that decide the numbers. */
    options: z.record(z.string(), z.json()),
  }),
});
/** An ablation: plain JSON. */
export type AblationRecord = z.infer<typeof ablationRecord>;
