import type { Dataset } from "../data/dataset.ts";
import { JUPYTER_DISPLAY, type MimeBundle } from "../display.ts";
import type { Model } from "../onnx/model.ts";
import { profileModel, type ProfileModelOptions } from "../profile/profile_model.ts";
import type { ProfileRecord } from "../record/profile_record.ts";
import { profileShown } from "../report/profile_shown.ts";
import type { ShownLater } from "../report/shown.ts";
import type { Feeds } from "../tensor/tensor.ts";

/**
 * Where the time of a model goes. Shows itself in a notebook, and prints as a table.
 * @category Measuring
 */
export class Profile implements ShownLater {
  /** Plain JSON: each node with its milliseconds. */
  readonly record: ProfileRecord;

  /** Shows a profile that was stored: `new Profile(JSON.parse(text))`. */
  constructor(record: ProfileRecord) {
    this.record = record;
  }

  /** Beside another model's, layer by layer. */
  against(other: Profile): ShownLater {
    return profileShown(this.record, { profile: other.record });
  }

  /** The table as text. */
  toString(): string {
    return profileShown(this.record).toString();
  }

  /** @ignore */
  async [JUPYTER_DISPLAY](): Promise<MimeBundle> {
    return await profileShown(this.record)[JUPYTER_DISPLAY]();
  }
}

/**
 * Measures where the time of a model goes, node by node, to look at.
 *
 * @throws {UserError} If there is no sample, or one does not fit the model's inputs.
 * @example With made-up inputs, where no samples are at hand
 * ```ts
 * import { noise, profile, summarizeModel } from "octavo";
 * import { parseModel } from "octavo/advanced";
 * import assert from "node:assert/strict";
 *
 * const model = parseModel("input x float32[64]; output y float32[64]; h = Exp(x); y = Neg(h)");
 * const { inputs } = await summarizeModel(model);
 * const { record } = await profile(model, [noise(inputs, model.name)]);
 * assert.deepEqual(record.nodes.map(({ opType }) => opType), ["Exp", "Neg"]);
 * ```
 * @category Measuring
 */
export async function profile(
  model: Model,
  samples: Dataset | readonly Feeds[],
  options: ProfileModelOptions = {},
): Promise<Profile> {
  return new Profile(await profileModel(model, samples, options));
}
