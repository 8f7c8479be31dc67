import type { ConsideredForm } from "../record/layer_choices.ts";
import type { WinogradForm } from "../record/recipe.ts";
import { decimal, megabytes } from "../report/format.ts";
import type { KernelChoices } from "./candidates.ts";
import { EXACT_DB } from "./form_noise.ts";

/** Forms of a kernel that are none of its choices: less than exact on the sample, or too large while they run. */
export function ruledOut(
  { inexact, tooLarge }: Pick<KernelChoices, "inexact" | "tooLarge">,
  nameOf: (form: WinogradForm) => string,
): ConsideredForm[] {
  return [
    ...[...inexact ?? []].map(([form, dB]) => ({
      ...{ form: nameOf(form), chosen: false, dB },
      why: `${decimal(dB, 1)} dB on the sample, less than ${EXACT_DB}`,
    })),
    ...[...tooLarge ?? []].map(([form, bytes]) => ({
      ...{ form: nameOf(form), chosen: false },
      why:
        `needs ${megabytes(Math.round(bytes))} while it runs: above the limit of the WASM heap ` +
        "(--max-heap)",
    })),
  ];
}
