import type { Model } from "../onnx/model.ts";
import { withErrors } from "../evaluate/plan_errors.ts";
import { withTimes } from "../profile/plan_times.ts";
import { profileModel } from "../profile/profile_model.ts";
import type { QuantizedModel } from "../quantize/quantized_model.ts";
import type { Study } from "../record/study_record.ts";
import type { Feeds } from "../tensor/tensor.ts";
import type { Built } from "./build.ts";
import type { Runtimes } from "./runtimes.ts";

/**
 * Where the time of a network as given goes, and of what was built of it, with the plan of that in times
 * and errors.
 *
 * @param executed What was built, its plan read back from the runtime.
 */
export async function profilesOf(
  given: Model,
  { model, float32 }: Built,
  executed: QuantizedModel,
  samples: readonly Feeds[],
  { runtimes, signal }: { readonly runtimes: Runtimes; readonly signal?: AbortSignal },
): Promise<Omit<NonNullable<Study["profiles"]>, "key">> {
  const options = { runtime: runtimes.time, signal };
  const before = await profileModel(given, samples, options);
  const after = await profileModel(model, samples, options);
  const timed = withTimes(executed, after);
  const { plan } = await withErrors(timed, float32, samples, { runtime: runtimes.run, signal });
  return { before, after, plan: [...plan.rows] };
}
