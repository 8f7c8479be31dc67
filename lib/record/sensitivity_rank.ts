import type { AblatedLayer, Effect } from "./ablation_record.ts";
import type { MetricInfo } from "./metric_info.ts";

/**
 * Layers in order of what int8 in them costs: first those whose effect on the metric is beyond noise, the
 * largest loss first; then the others by the error they bring to the outputs, which is known far more
 * finely. Those that could not be measured come last.
 */
export function mostSensitive<L extends Pick<AblatedLayer, "only">>(
  layers: readonly L[],
  metric: Pick<MetricInfo, "higherIsBetter">,
): L[] {
  return layers.toSorted((a, b) => {
    const [x, y] = [a, b].map(({ only }) => ({
      loss: provenLoss(only, metric),
      sqnr: only?.sqnr?.value ?? Infinity,
    })) as [Rank, Rank];
    return y.loss - x.loss || (x.sqnr < y.sqnr ? -1 : x.sqnr > y.sqnr ? 1 : 0);
  });
}

interface Rank {
  readonly loss: number;
  readonly sqnr: number;
}

/** What the metric loses, if that is beyond noise; else 0. */
export function provenLoss(
  effect: Effect | undefined,
  { higherIsBetter }: Pick<MetricInfo, "higherIsBetter">,
): number {
  if (!effect?.difference) return 0;
  const { value, low, high } = effect.difference;
  if (higherIsBetter) return high < 0 ? -value : 0;
  return low > 0 ? value : 0;
}
