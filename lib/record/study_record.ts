import { z } from "zod";

/**
 * The records of a study: plain JSON, one schema. They are what the store keeps, what the report
 * draws and what `study.json` holds; nothing in them needs a model to be read.
 */

/** A value with its 95 % interval. */
export const estimate = z.strictObject({
  value: z.number(),
  low: z.number(),
  high: z.number(),
  /** Number of samples (or rounds) behind it. */
  n: z.int(),
});
export type Estimate = z.infer<typeof estimate>;

/** What one node of the float32 network was asked to be, and what the runtime made of it. */
export const planRow = z.strictObject({
  /** Name of the node, or of its first output where it has none. */
  node: z.string(),
  opType: z.string(),
  /** Module path, "" where none can be recovered. */
  path: z.string(),
  /** The qconfig the mapping resolves to: `float32`, `static`, `dynamic`, `weightOnly`. */
  asked: z.string(),
  /** Operator that runs in the runtime's optimized graph, e.g. `QLinearConv`; "" when not read back. */
  executes: z.string(),
  /** Why it is so: the rule that matched, the kernel fact that forbids, the fusion it went into. */
  why: z.string(),
  /** Milliseconds of what executes; absent where it was not timed, or runs inside another's kernel. */
  ms: z.number().optional(),
  /**
   * SQNR of what it gives against float32's own, dB, with the errors of all before it; absent where it
   * was not measured or is equal to the bit.
   */
  dB: z.number().optional(),
});
export type PlanRow = z.infer<typeof planRow>;

/** How a metric is shown and compared. */
export const metricInfo = z.strictObject({
  /** e.g. `top-1`, `agreement`, `SQNR`, `cosine`. */
  name: z.string(),
  /** `%` for shares (the values are then 0..100), `dB`, or "". */
  unit: z.string(),
  higherIsBetter: z.boolean(),
});
export type MetricInfo = z.infer<typeof metricInfo>;

/** Accuracy on one split. */
export const accuracy = z.strictObject({
  split: z.enum(["selection", "test"]),
  value: estimate,
  /** Candidate minus float32 on the same samples, in the metric's unit. */
  difference: estimate,
});
export type Accuracy = z.infer<typeof accuracy>;

/** Closeness of the outputs to float32's, over the split. */
export const outputError = z.strictObject({
  /** Signal to quantization-noise ratio, dB; null where outputs are equal to the bit. */
  sqnr: z.number().nullable(),
  cosine: z.number(),
});

/** Time against the float32 model as given, interleaved in one process. */
export const latency = z.strictObject({
  threads: z.int(),
  rounds: z.int(),
  /** Candidate / float32; below 1 is faster. Median of the rounds' ratios, 95 % interval. */
  ratio: estimate,
  /** Median milliseconds of this machine on this day: for orientation, never for comparison. */
  baselineMs: z.number(),
  candidateMs: z.number(),
  /** The float32 time drifted between the halves of the measurement by more than its spread. */
  drifted: z.boolean(),
  /** Fingerprint of the machine: CPU, cores, runtime versions. */
  machine: z.string(),
});
export type Latency = z.infer<typeof latency>;

/** One configuration, measured. */
export const trial = z.strictObject({
  /** SHA-256 over what decides the result; see design: content key. */
  key: z.string(),
  /** Short unique name, e.g. `static · percentile 99.99 · per-channel · CNN`. */
  name: z.string(),
  /** Family for colour and legend: `float32`, `static`, `dynamic`, `mixed`, ... */
  family: z.string(),
  /** The configuration in full, as resolved (JSON). */
  config: z.json(),
  /** Where its ranges come from; absent where nothing is static. */
  calibration: z.strictObject({
    /** The trial's name without the number of samples: the same for trials that differ in it alone. */
    series: z.string(),
    /** Calibration samples seen. */
    samples: z.int(),
  }).optional(),
  /** Counts of what executes, e.g. `{ "QLinearConv": 20, "GRU": 2 }`. */
  executes: z.record(z.string(), z.int()),
  plan: z.array(planRow),
  /** Absent where the trial failed. */
  accuracy: accuracy.optional(),
  outputs: outputError.optional(),
  latency: latency.optional(),
  /** Size of the file in bytes. */
  bytes: z.int().optional(),
  /** File of the model inside the study's folder, where it was kept. */
  file: z.string().optional(),
  /** SHA-256 of the model's bytes. */
  modelHash: z.string().optional(),
  /** Wall-clock seconds spent on it. */
  seconds: z.number(),
  /** Why it failed, where it did. */
  error: z.string().optional(),
});
/** One configuration, measured: plain JSON. */
export type Trial = z.infer<typeof trial>;

/** One split of the data. */
export const splitInfo = z.strictObject({
  name: z.enum(["calibration", "selection", "test"]),
  samples: z.int(),
  hash: z.string(),
});
export type SplitInfo = z.infer<typeof splitInfo>;

/** The time of one node of the graph that the runtime executes. */
export const profiledNode = z.strictObject({
  /** Name of the node of the model that it stands for; "" for what the runtime put in by itself. */
  node: z.string(),
  /** Operator that runs, e.g. `QLinearConv`. */
  opType: z.string(),
  /** Module path; of what the runtime put in that of the node it serves; "" where there is none. */
  path: z.string(),
  /** Operators of the model whose work it does, e.g. `Conv`, `BatchNormalization`, `Relu`. */
  covers: z.array(z.string()),
  /** How many bodies of If, Loop or Scan it lies in. */
  depth: z.int(),
  /** Executions in one run. */
  executions: z.int(),
  /** Shape of its first output. */
  shape: z.array(z.int()),
  /** Milliseconds in one run, without what is in its bodies. */
  ms: z.number(),
  /** Of all nodes' time, 0..1. */
  share: z.number(),
  /** Multiplications with an addition in one run; absent for operators not made of them. */
  macs: z.int().optional(),
});
/** The time of one node of the graph that the runtime executes: plain JSON. */
export type ProfiledNode = z.infer<typeof profiledNode>;

/** Where the time of a model goes, node by node. */
export const profileRecord = z.strictObject({
  schema: z.literal(1),
  model: z.strictObject({ name: z.string(), hash: z.string(), bytes: z.int() }),
  /** Shapes that it was fed; times hold for these. */
  inputs: z.record(z.string(), z.array(z.int())),
  threads: z.int(),
  /** `graph`: all nodes in their place. `alone`: each in a model of its own, where the runtime's build does not let its own clock be read. */
  method: z.enum(["graph", "alone"]),
  /** Runs behind each time. */
  runs: z.int(),
  /** Milliseconds of a whole run as an application sees it, unobserved. */
  wholeMs: z.number(),
  /** In order of execution. */
  nodes: z.array(profiledNode),
  /** Fingerprint of the machine: processor, cores, versions. */
  machine: z.string(),
  /** Processes that wanted a processor while it was measured, the average of a minute. */
  load: z.number(),
  /** The time of a run moved while it was measured. */
  drifted: z.boolean(),
});
/** Where the time of a model goes, node by node: plain JSON. */
export type ProfileRecord = z.infer<typeof profileRecord>;

/** What calibration saw of one tensor, and what each observer keeps of it. */
export const tensorRange = z.strictObject({
  tensor: z.string(),
  /** Operator that makes it; "" for an input of the network. */
  opType: z.string(),
  /** Module path of that operator, "" where none can be recovered. */
  path: z.string(),
  /** Values seen. */
  count: z.number(),
  /** The smallest and the largest. */
  min: z.number(),
  max: z.number(),
  /** For a picture: at most 64 bins, `[start + i * width, start + (i + 1) * width)`. */
  histogram: z.strictObject({ start: z.number(), width: z.number(), counts: z.array(z.number()) }),
  clips: z.array(z.strictObject({
    observer: z.string(),
    min: z.number(),
    max: z.number(),
    /** SQNR of rounding to uint8 over it, of the values seen; null where none is lost. */
    dB: z.number().nullable(),
  })),
});
/** What calibration saw of one tensor, and what each observer keeps of it: plain JSON. */
export type TensorRange = z.infer<typeof tensorRange>;

/** The tensors that observers see most differently. */
export const rangesRecord = z.strictObject({
  /** Calibration samples seen. */
  samples: z.int(),
  tensors: z.array(tensorRange),
  /** Tensors that are not among them. */
  others: z.int(),
});
/** The tensors that observers see most differently: plain JSON. */
export type RangesRecord = z.infer<typeof rangesRecord>;

/** What one layer of a network became in a search, and why. */
export const decisionRow = z.strictObject({
  /** Name of its first node in the network as given. */
  node: z.string(),
  /** Kernels that compute it: more than one, where it was cut into pieces. */
  pieces: z.int(),
  /** Operators, joined by " + ". */
  opType: z.string(),
  /** Module path, "" where none can be recovered. */
  path: z.string(),
  /** `float32`, `static`, `dynamic`, `int8 weights`, ...; of several, that which most time goes to. */
  form: z.string(),
  /** Tensors whose range another observer chose than the usual one, as `observer of tensor`. */
  observers: z.array(z.string()).optional(),
  /** Milliseconds of its kernels as measured by themselves, changes of precision around them aside. */
  ms: z.number(),
  /** Milliseconds and bytes that the whole has less than with this layer in plain float32. */
  savesMs: z.number(),
  savesBytes: z.number(),
  /** Signal over the noise that it adds at the worst output, dB; absent where it adds none. */
  dB: z.number().optional(),
  /** Drop of the metric to be expected of that noise alone. */
  drop: z.number().optional(),
  /** The next best form: what the whole would have more of, and the noise of the layer then. */
  next: z.strictObject({
    form: z.string(),
    ms: z.number(),
    bytes: z.number(),
    dB: z.number().optional(),
    drop: z.number().optional(),
  }).optional(),
  why: z.string(),
});
/** What one layer of a network became in a search, and why: plain JSON. */
export type DecisionRow = z.infer<typeof decisionRow>;

/** What a search has to tell beside its trials. */
export const searchRecord = z.strictObject({
  objective: z.enum(["latency", "size"]),
  /** Minutes it was given. */
  minutes: z.number(),
  /** Why it came to its end. */
  ended: z.string(),
  /** What is to be known of it, in sentences. */
  notes: z.array(z.string()),
  /** Keys of the trials that no other beats in accuracy, latency and size at once, fastest first. */
  front: z.array(z.string()),
  /** Noise measured over the sum of what single layers bring: 1 if they add up. */
  scale: z.number().optional(),
  /** The winner, layer by layer; empty where none has been placed by measurement. */
  decisions: z.array(decisionRow),
});
/** What a search has to tell beside its trials: plain JSON. */
export type SearchRecord = z.infer<typeof searchRecord>;

/** A study: all trials on one model and one split of the data, with their float32 baseline. */
export const study = z.strictObject({
  schema: z.literal(1),
  /** Title for the report: the model's file name or the sample's name. */
  title: z.string(),
  model: z.strictObject({
    name: z.string(),
    hash: z.string(),
    bytes: z.int(),
    opset: z.int(),
    nodes: z.int(),
    parameters: z.int(),
  }),
  data: z.strictObject({
    name: z.string(),
    labelled: z.boolean(),
    splits: z.array(splitInfo),
    seed: z.int(),
  }),
  metric: metricInfo,
  /** Largest accepted drop of the metric, in its unit. */
  maxDrop: z.number(),
  /** Float32 on the splits. `test` only once a winner was chosen. */
  baseline: z.strictObject({
    selection: estimate,
    test: estimate.optional(),
    latencyMs: z.number(),
  }),
  trials: z.array(trial),
  /** Configurations that the last run was to measure; if it was stopped, more than there are trials. */
  planned: z.int().optional(),
  /** Points of the grid that give the same model as one of the trials, and so are not trials. */
  collapsed: z.array(z.strictObject({ name: z.string(), sameAs: z.string() })).optional(),
  /** The chosen trial, and its number on the test split, measured once. */
  winner: z.strictObject({
    key: z.string(),
    /** Plain statement of why it was chosen, or that nothing kept the budget. */
    reason: z.string(),
    accuracy: accuracy.optional(),
  }).optional(),
  /** Where the time of float32 and of the winner goes, measured once. */
  profiles: z.strictObject({
    /** Key of the trial that it is of. */
    key: z.string(),
    before: profileRecord,
    after: profileRecord,
    /** The trial's plan with times and errors. */
    plan: z.array(planRow),
  }).optional(),
  /** What calibration saw of some tensors, and what the observers of the trials keep. */
  ranges: rangesRecord.optional(),

  /** Of a search: how it went and what each layer became. */
  search: searchRecord.optional(),
  /** Everything needed to run it again. */
  provenance: z.strictObject({
    command: z.string(),
    /** Options and grid as resolved. */
    config: z.json(),
    versions: z.record(z.string(), z.string()),
    machine: z.string(),
    /** Git revision of the user's project, where there is one. */
    revision: z.string().optional(),
    /** Workers and threads used, which trials were re-used from an earlier run. */
    workers: z.int(),
    threads: z.int(),
    reused: z.int(),
  }),
});
/** All trials on one model and one split of the data, with their float32 baseline: plain JSON. */
export type Study = z.infer<typeof study>;
