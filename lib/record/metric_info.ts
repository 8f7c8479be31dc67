import { z } from "zod";

/** A value with its 95 % interval. */
export const estimate = z.strictObject({
  value: z.number(),
  low: z.number(),
  high: z.number(),
  /** Number of samples (or rounds) behind it. */
  n: z.int(),
});
export type Estimate = z.infer<typeof estimate>;

/** How a metric is shown and compared. */
export const metricInfo = z.strictObject({
  /** e.g. `top-1`, `agreement`, `SQNR`, `cosine`. */
  name: z.string(),
  /** `%` for shares (the values are then 0..100), `dB`, or "". */
  unit: z.string(),
  higherIsBetter: z.boolean(),
});
export type MetricInfo = z.infer<typeof metricInfo>;
