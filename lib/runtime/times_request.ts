import type { Model } from "../onnx/model.ts";
import type { Feeds } from "../tensor/tensor.ts";
import { requireSamples } from "./require_samples.ts";
import type { TimesOptions } from "./runtime.ts";

/** What models are timed with: samples that there are, and every option but the signal. */
export type TimesRequest = Required<Omit<TimesOptions, "signal">> & {
  readonly samples: readonly Feeds[];
};

/**
 * What a runtime's `times()` is asked for, with the defaults of its options.
 *
 * @throws {UserError} If there are models but no sample to run them on.
 */
export function timesRequest(
  models: readonly Model[],
  samples: readonly Feeds[],
  { rounds = 15, minRoundMs = 25, maxMs = 12_000 }: TimesOptions = {},
): TimesRequest {
  if (models.length > 0) {
    requireSamples(samples, `time ${models.map(({ name }) => name).join(", ")}`);
  }
  return { samples, rounds, minRoundMs, maxMs };
}
