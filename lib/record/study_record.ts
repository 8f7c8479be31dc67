import type { Download } from "./download.ts";
import type { Json } from "./json.ts";
import type { KernelTimesRecord } from "./kernel_times_record.ts";
import type { GivenRecord } from "./given_record.ts";
import type { Estimate, MetricInfo } from "./metric_info.ts";
import type { NodeCounts } from "./node_counts.ts";
import type { PlanRow } from "./plan_record.ts";
import type { ProfileRecord } from "./profile_record.ts";
import type { RangesRecord } from "./ranges_record.ts";
import type { SearchRecord } from "./search_record.ts";
import type { Accuracy, Trial } from "./trial_record.ts";
import type { RuntimeName } from "./runtime_name.ts";

/**
 * The records of a study: plain JSON, one schema. They are what the store keeps, what the report
 * draws and what `study.json` holds; nothing in them needs a model to be read.
 */

/**
 * One split of the data.
 * @category Records (advanced)
 */
export interface SplitInfo {
  /** What its samples are for. */
  name: "calibration" | "selection" | "test";
  /** How many it has. */
  samples: number;
  /** SHA-256 of its samples, in order. */
  hash: string;
}

/**
 * A study: all trials on one model and one split of the data, with their float32 baseline.
 * @category Studies
 */
export interface Study {
  /** Version of this form. */
  schema: 1;
  /** Title for the report: the model's file name or the sample's name. */
  title: string;
  /** The model as given: size of its file in bytes, number of nodes and of weights. */
  model: {
    name: string;
    hash: string;
    bytes: number;
    /** What a server sends of it. */
    download?: Download;
    opset: number;
    nodes: number;
    /** How many nodes it has with those of bodies, and how many run; absent in records of before. */
    nodeCounts?: NodeCounts;
    parameters: number;
  };
  /** What that model is, where it is no float32 network; absent: it is one. */
  given?: GivenRecord;
  /** The samples, how they were split, and by which seed. */
  data: {
    name: string;
    labelled: boolean;
    splits: SplitInfo[];
    seed: number;
  };
  /** What accuracy is measured by. */
  metric: MetricInfo;
  /** Largest accepted drop of the metric, in its unit. */
  maxDrop: number;
  /** Largest accepted ratio of the time to create a session to float32's; absent: whatever it is. */
  maxCreate?: number;
  /** Largest accepted ratio of the WASM heap to float32's; absent: whatever it is. */
  maxHeap?: number;
  /**
   * What accuracy is against on the splits, `test` only once a winner was chosen: float32, or see
   * `given`; and the median milliseconds of a run of the model as given.
   */
  baseline: {
    selection: Estimate;
    test?: Estimate;
    latencyMs: number;
  };
  /** All configurations, in the order of the grid. */
  trials: Trial[];
  /** What was known before the work, of float32, the samples and the budget, in sentences. */
  notes?: string[];
  /** Configurations that the last run was to measure; if it was stopped, more than there are trials. */
  planned?: number;
  /** Points of the grid that give the same model as one of the trials, and so are not trials. */
  collapsed?: {
    name: string;
    sameAs: string;
  }[];
  /** The chosen trial, and its number on the test split, measured once. */
  winner?: {
    key: string;
    /** Plain statement of why it was chosen, or that nothing kept the budget. */
    reason: string;
    accuracy?: Accuracy;
  };
  /** Where the time of float32 and of the winner goes, measured once. */
  profiles?: {
    /** Key of the trial that it is of. */
    key: string;
    before: ProfileRecord;
    after: ProfileRecord;
    /** The trial's plan with times and errors. */
    plan: PlanRow[];
  };
  /** What calibration saw of some tensors, and what the observers of the trials keep. */
  ranges?: RangesRecord;
  /** Where the times of kernels came from that layers were placed by. */
  kernelTimes?: KernelTimesRecord;
  /** Of a search: how it went and what each layer became. */
  search?: SearchRecord;
  /** Everything needed to run it again. */
  provenance: {
    command: string;
    /** Options and grid as resolved. */
    config: Json;
    versions: Record<string, string>;
    machine: string;
    /** What ran the models; absent in records of before: onnxruntime-web 1.30.0, plain, in Deno. */
    runtime?: RuntimeName;
    /** Git revision of the user's project, where there is one. */
    revision?: string;
    /** Workers and threads used, which trials were re-used from an earlier run. */
    workers: number;
    threads: number;
    reused: number;
  };
}
