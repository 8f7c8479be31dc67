import { z } from "zod";
import { coldStart } from "./cold_start.ts";
import { download } from "./download.ts";
import { estimate, metricInfo } from "./metric_info.ts";
import { latency, outputError } from "./trial_record.ts";

/** One of two models that were compared. */
const comparedModel = z.strictObject({
  name: z.string(),
  /** The metric over the data set. */
  value: estimate,
  /** Size of the file. */
  bytes: z.int(),
  /** What a server sends of it. */
  download: download.optional(),
});
/** One of two models that were compared: plain JSON. */
export type ComparedModel = z.infer<typeof comparedModel>;

/** A candidate against the float32 network it was made from. */
export const comparisonRecord = z.strictObject({
  metric: metricInfo,
  /** Name of the data set. */
  data: z.string(),
  float32: comparedModel,
  candidate: comparedModel,
  /** Candidate minus float32 on the same samples, in the metric's unit. */
  difference: estimate,
  /** Closeness of the outputs; absent where no output keeps its shape. */
  outputs: outputError.optional(),
  /** Absent where it was not measured. */
  latency: latency.optional(),
  /** What a page waits for at its first visit; absent where it was not measured. */
  coldStart: coldStart.optional(),
  /** What float32 itself says against samples, labels or metric, in sentences. */
  notes: z.array(z.string()).optional(),
});
/** A candidate against the float32 network it was made from: plain JSON. */
export type ComparisonRecord = z.infer<typeof comparisonRecord>;
