import { percentile } from "../../calibrate/observers.ts";
import type { TensorStatistics } from "../../calibrate/statistics.ts";

/** How the values of a tensor spread over its range. */
export interface Spread {
  /** Share of the range from the smallest to the largest value in which 99.9 % of them lie. */
  readonly share: number;
  /** Ends of the range. */
  readonly min: number;
  readonly max: number;
}

/** Below this share of the range, those that lie outside are outliers: 256 conversions leave few for the rest. */
const FEW_REACH_OUT = 0.25;

/** The spread of a tensor, from what calibration saw of it. */
export function spreadOf(statistics: TensorStatistics): Spread {
  const { min, max } = statistics;
  const most = percentile(99.9).range(statistics);
  const width = max - min;
  return { share: width > 0 ? (most.max - most.min) / width : 1, min, max };
}

/** Says of a tensor that a few values stretch its range, if so. */
export function outlierNote(name: string, statistics: TensorStatistics): string | undefined {
  const { share, min, max } = spreadOf(statistics);
  if (share >= FEW_REACH_OUT) return undefined;
  const percent = 100 * share;
  return `rare outliers: 99.9 % of the values of ${name} lie within ` +
    `${percent < 1 ? percent.toPrecision(1) : percent.toFixed(0)} % of its range ` +
    `[${Number(min.toPrecision(3))}, ${Number(max.toPrecision(3))}]`;
}
