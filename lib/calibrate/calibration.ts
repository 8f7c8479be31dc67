import { UserError } from "../errors.ts";
import type { TensorStatistics } from "./statistics.ts";

/** What calibration saw of each watched tensor. Plain enough to be stored and used again. */
export interface Calibration {
  /** Number of samples run. */
  readonly samples: number;
  readonly statistics: ReadonlyMap<string, TensorStatistics>;
}

/** Turns a calibration into plain JSON. */
export function calibrationToJson(calibration: Calibration): unknown {
  return {
    samples: calibration.samples,
    statistics: Object.fromEntries(
      [...calibration.statistics].map(([name, { histogram, ...rest }]) => [name, {
        ...rest,
        histogram: { ...histogram, counts: [...histogram.counts] },
      }]),
    ),
  };
}

/** Reads what {@linkcode calibrationToJson} wrote. */
export function calibrationFromJson(json: unknown): Calibration {
  const stored = json as {
    samples: number;
    statistics: Record<string, TensorStatistics & { histogram: { counts: number[] } }>;
  };
  if (typeof stored?.samples !== "number" || typeof stored.statistics !== "object") {
    throw new UserError("Cannot read a calibration: expected { samples, statistics }");
  }
  return {
    samples: stored.samples,
    statistics: new Map(
      Object.entries(stored.statistics).map(([name, { histogram, ...rest }]) => [name, {
        ...rest,
        histogram: { ...histogram, counts: Float64Array.from(histogram.counts) },
      }]),
    ),
  };
}
