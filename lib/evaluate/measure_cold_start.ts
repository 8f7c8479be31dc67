import type { Model } from "../onnx/model.ts";
import type { ColdStartRecord } from "../record/cold_start.ts";
import type { ColdStartOptions, Runtime } from "../runtime/runtime.ts";
import type { Feeds } from "../tensor/tensor.ts";
import { coldStartRatios } from "./cold_start_ratios.ts";

/**
 * Measures what a page waits for at its first visit: float32 against a candidate.
 *
 * @returns Undefined where the runtime cannot tell, or no round is asked for.
 */
export async function measureColdStart(
  runtime: Runtime,
  float32: Model,
  candidate: Model,
  sample: Feeds,
  options: ColdStartOptions,
): Promise<ColdStartRecord | undefined> {
  if (options.rounds === 0) return undefined;
  const starts = await runtime.coldStart?.([float32, candidate], sample, options);
  return starts && coldStartRatios(starts);
}
