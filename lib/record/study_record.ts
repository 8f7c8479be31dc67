import { z } from "zod";
import { download } from "./download.ts";
import { kernelTimesRecord } from "./kernel_times_record.ts";
import { estimate, metricInfo } from "./metric_info.ts";
import { planRow } from "./plan_record.ts";
import { profileRecord } from "./profile_record.ts";
import { rangesRecord } from "./ranges_record.ts";
import { searchRecord } from "./search_record.ts";
import { accuracy, trial } from "./trial_record.ts";

/**
 * The records of a study: plain JSON, one schema. They are what the store keeps, what the report
 * draws and what `study.json` holds; nothing in them needs a model to be read.
 */

/** One split of the data. */
export const splitInfo = z.strictObject({
  name: z.enum(["calibration", "selection", "test"]),
  samples: z.int(),
  hash: z.string(),
});
export type SplitInfo = z.infer<typeof splitInfo>;

/** A study: all trials on one model and one split of the data, with their float32 baseline. */
export const study = z.strictObject({
  schema: z.literal(1),
  /** Title for the report: the model's file name or the sample's name. */
  title: z.string(),
  model: z.strictObject({
    name: z.string(),
    hash: z.string(),
    bytes: z.int(),
    /** What a server sends of it. */
    download: download.optional(),
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
  /** Largest accepted ratio of the time to create a session to float32's; absent: whatever it is. */
  maxCreate: z.number().optional(),
  /** Float32 on the splits. `test` only once a winner was chosen. */
  baseline: z.strictObject({
    selection: estimate,
    test: estimate.optional(),
    latencyMs: z.number(),
  }),
  trials: z.array(trial),
  /** What was known before the work, of float32, the samples and the budget, in sentences. */
  notes: z.array(z.string()).optional(),
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
  /** Where the times of kernels came from that layers were placed by. */
  kernelTimes: kernelTimesRecord.optional(),
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
