import type { Estimate, MetricInfo } from "../record/metric_info.ts";
import { type Interval, meanInterval, moments, shareInterval } from "./interval.ts";
import { tango } from "./paired.ts";

/**
 * The mean of scores with its 95 % interval, in the metric's unit: {@linkcode shareInterval} for
 * shares (times 100), {@linkcode meanInterval} for others, which ends where the metric does.
 *
 * @param scores One per sample; NaN was not scored and does not count.
 * @throws {RangeError} If no sample was scored, or only one on a scale without ends.
 */
export function estimateMean(
  scores: Float64Array,
  metric: Pick<MetricInfo, "share"> & Partial<Pick<MetricInfo, "perfect" | "unit">>,
): Estimate {
  const scored = scores.filter((score) => !Number.isNaN(score));
  const n = scored.length;
  if (n === 0) throw new RangeError("Cannot estimate a mean: no sample was scored");
  const value = moments(scored).mean;
  return metric.share
    ? estimate(value, shareInterval(scored), n, 100)
    : estimate(value, within(meanInterval(scored), value, metric), n);
}

/** Nothing is closer to float32 than itself, and no part is more than 100 %. */
function within(
  { low, high }: Interval,
  value: number,
  { perfect, unit }: Partial<Pick<MetricInfo, "perfect" | "unit">>,
): Interval {
  const end = perfect ?? (unit === "%" ? 100 : undefined);
  if (end === undefined) return { low, high };
  return value <= end ? { low, high: Math.min(high, end) } : { low: Math.max(low, end), high };
}

/**
 * Candidate minus reference on the same samples, with a 95 % interval for the mean difference, in
 * the metric's unit. Pairing takes the difficulty of the samples out of it, so that it is far
 * narrower than the intervals of both values suggest.
 *
 * - Right or wrong: {@linkcode tango}.
 * - Closeness to the reference itself (agreement, SQNR): the interval of the candidate's own value,
 *   moved; the reference's score is known, not estimated.
 * - Other scores: Student's t over the differences. Shares that do not differ on any sample get
 *   the interval of no change among n, since that is no proof that there never is one.
 *
 * @param candidate Scores, one per sample, NaN where not scored.
 * @param reference Scores of the same samples in the same order.
 * @throws {RangeError} If there are no or not enough pairs.
 */
export function estimateDifference(
  candidate: Float64Array,
  reference: Float64Array,
  metric: Pick<MetricInfo, "share" | "perfect"> & Partial<Pick<MetricInfo, "unit">>,
): Estimate {
  if (candidate.length !== reference.length) {
    throw new RangeError(
      `Cannot compare ${candidate.length} scores with ${reference.length}: they must be of the ` +
        `same samples`,
    );
  }
  const isPair = (_: number, i: number) =>
    !Number.isNaN(candidate[i]!) && !Number.isNaN(reference[i]!);
  const ours = candidate.filter(isPair);
  const theirs = reference.filter(isPair);
  const n = ours.length;
  if (n === 0) throw new RangeError("Cannot compare: no sample was scored by both");

  const scale = metric.share ? 100 : 1;
  if (metric.perfect !== undefined) {
    const own = moments(theirs).mean * scale;
    const { value, low, high } = estimateMean(ours, metric);
    return { value: value - own, low: low - own, high: high - own, n };
  }
  const differences = ours.map((score, i) => score - theirs[i]!);
  const value = moments(differences).mean;
  const gained = differences.filter((difference) => difference > 0).length;
  const lost = differences.filter((difference) => difference < 0).length;
  const isRightOrWrong = [ours, theirs].every((scores) => scores.every((x) => x === 0 || x === 1));
  const interval = metric.share && (isRightOrWrong || gained + lost === 0)
    ? tango(gained, lost, n)
    : meanInterval(differences);
  return estimate(value, interval, n, scale);
}

function estimate(value: number, { low, high }: Interval, n: number, scale = 1): Estimate {
  return { value: value * scale, low: low * scale, high: high * scale, n };
}
