import { z } from "zod";
import { BINS } from "../calibrate/histogram.ts";
import { OBSERVER_NAMES } from "../calibrate/observer_table.ts";

/** Observers that can be named. */
export const namedObserver = z.literal(OBSERVER_NAMES);

/** Share of the values to keep, in percent. */
export const percentileValue = z.number()
  .gt(50, {
    error: ({ input }) =>
      typeof input === "number" && input > 0 && input <= 1
        ? `in per cent: ${Number((100 * input).toPrecision(12))}?`
        : undefined,
  })
  .lte(100);

/** Power of an error. */
export const powerValue = z.number().gte(1).lte(64);

/** Number of bins of a histogram. */
export const binsValue = z.int().gte(16).lte(BINS);
