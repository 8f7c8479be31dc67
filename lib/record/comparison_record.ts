import type { ColdStartRecord } from "./cold_start.ts";
import type { Download } from "./download.ts";
import type { Estimate, MetricInfo } from "./metric_info.ts";
import type { GivenRecord } from "./given_record.ts";
import type { NodeCounts } from "./node_counts.ts";
import type { Latency, OutputError } from "./trial_record.ts";

/**
 * One of two models that were compared.
 * @category Charts (notebook)
 */
export interface ComparedModel {
  /** The model's name. */
  name: string;
  /** The metric over the data set. */
  value: Estimate;
  /** Closeness of its outputs to the reference's, of a file that is compared with a third network. */
  outputs?: OutputError;
  /** Size of the file. */
  bytes: number;
  /** What a server sends of it. */
  download?: Download;
  /** How many nodes it has; absent in records of before. */
  nodes?: NodeCounts;
}

/**
 * A candidate against the network it was made from: float32, or int8 already.
 * @category Charts (notebook)
 */
export interface ComparisonRecord {
  /** What accuracy is measured by. */
  metric: MetricInfo;
  /** Name of the data set. */
  data: string;
  /** The network as given: float32, or see `given`. */
  float32: ComparedModel;
  /** What that network is, where it is int8 already; absent: it is float32. */
  given?: GivenRecord;
  /** What was made of it. */
  candidate: ComparedModel;
  /** Candidate minus what accuracy is against, on the same samples, in the metric's unit. */
  difference: Estimate;
  /** Closeness of the outputs to those; absent where no output keeps its shape. */
  outputs?: OutputError;
  /** Time against the network as given, interleaved; absent where it was not measured. */
  latency?: Latency;
  /** What a page waits for at its first visit; absent where it was not measured. */
  coldStart?: ColdStartRecord;
  /** What float32 itself says against samples, labels or metric, in sentences. */
  notes?: string[];
}
