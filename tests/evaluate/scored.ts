import type { Metric } from "../../lib/evaluate/metric.ts";
import { float32, type Tensor } from "../../lib/tensor/tensor.ts";

/** What a network gave, by name. */
export type Outputs = Record<string, Tensor>;

/** The score of one sample, NaN for none; against itself where no reference is given. */
export const score = (
  metric: Metric,
  outputs: Outputs,
  reference: Outputs = outputs,
  label?: number,
) => metric.score({ outputs, reference, index: 0, ...(label !== undefined && { label }) }) ?? NaN;

/** Scores of classes, one row. */
export const logits = (...values: number[]): Outputs => ({
  y: float32([1, values.length], values),
});

/** A class by its number. */
export const classId = (id: bigint): Tensor<"int64"> => ({
  type: "int64",
  dims: [1],
  data: BigInt64Array.of(id),
});
