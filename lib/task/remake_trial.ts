import { calibrate } from "../calibrate/calibrate.ts";
import type { Splits } from "../data/split.ts";
import { slice } from "../data/dataset.ts";
import type { Model } from "../onnx/model.ts";
import { ExactForms } from "../passes/exact_form.ts";
import { takeNetwork } from "../quantize/take_network.ts";
import { tap } from "../quantize/prepare.ts";
import type { Trial } from "../record/trial_record.ts";
import { openRuntime } from "../runtime/open_runtime.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { build } from "../study/build.ts";

/**
 * Options for {@linkcode remakeTrial}.
 * @category Studies (advanced)
 */
export interface RemakeTrialOptions {
  /** Workers to do it in, such as the study had. @default {one of its own} */
  runtime?: Runtime;
}

/**
 * Makes the model of a trial again, from its record: the same bytes.
 *
 * @param model The network that was studied.
 * @param data The same splits.
 * @throws {UserError} If the model, or the samples, are not fit for the trial's recipe.
 * @see {@linkcode runStudy} for an example
 * @category Studies
 */
export async function remakeTrial(
  model: Model,
  data: Pick<Splits, "calibration">,
  { recipe }: Pick<Trial, "recipe">,
  options: RemakeTrialOptions = {},
): Promise<Model> {
  const { runtime } = options;
  if (!runtime) {
    await using own = openRuntime({ workers: 1 });
    return await remakeTrial(model, data, { recipe }, { runtime: own });
  }
  const forms = new ExactForms(takeNetwork(model).network, await data.calibration.sample(0), {
    runtime,
  });
  const built = await build(recipe, {
    ...{ forms, runtime, data: data.calibration },
    calibration: (base, tensors, size) =>
      calibrate(tap(base, tensors), slice(data.calibration, 0, size), { runtime }),
  });
  return built.model;
}
