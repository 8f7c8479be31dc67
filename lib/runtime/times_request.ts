import type { Model } from "../onnx/model.ts";
import type { Feeds } from "../tensor/tensor.ts";
import { measuringPace, type Pace } from "./pace.ts";
import { requireSamples } from "./require_samples.ts";
import type { TimesOptions } from "./runtime.ts";

/** What models are timed with: samples that there are, and every option but the signal. */
export type TimesRequest =
  & Required<Omit<TimesOptions, "signal">>
  & Pick<Pace, "warmUpMs" | "patienceMs">
  & { readonly samples: readonly Feeds[] };

/**
 * What a runtime's `times()` is asked for, with the defaults of its options.
 *
 * @throws {UserError} If there are models but no sample to run them on.
 */
export function timesRequest(
  models: readonly Model[],
  samples: readonly Feeds[],
  { rounds = 15, minRoundMs, maxMs = 12_000 }: TimesOptions = {},
): TimesRequest {
  const { warmUpMs, patienceMs, ...pace } = measuringPace();
  if (models.length > 0) {
    requireSamples(samples, `time ${models.map(({ name }) => name).join(", ")}`);
  }
  return {
    samples,
    rounds,
    minRoundMs: minRoundMs ?? pace.minRoundMs,
    maxMs,
    warmUpMs,
    patienceMs,
  };
}
