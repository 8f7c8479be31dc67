import type { Trial } from "../record/trial_record.ts";
import { plural } from "./format.ts";

/**
 * What became of the layers of a trial: `int8 in 18 of 22 layers, GRU stored small`. "" where the plan does
 * not tell layers from other nodes, or all of them stayed float32.
 *
 * @example
 * ```ts
 * import { formsInWords } from "./forms_in_words.ts";
 * import assert from "node:assert/strict";
 * const row = (opType: string, asked: string) => ({
 *   ...{ node: opType, path: "", opType, asked, executes: "", why: "", weights: 4000 },
 * });
 * const plan = [row("Conv", "static"), row("Conv", "static"), row("GRU", "weightOnly")];
 * const recipe = { kind: "configuration", base: "fused", placement: "compact" } as const;
 * assert.equal(formsInWords({ plan, recipe }), "int8 in 2 of 3 layers, GRU stored small");
 * ```
 */
export function formsInWords({ plan, recipe }: Pick<Trial, "plan" | "recipe">): string {
  const layers = plan.filter(({ weights = 0 }) => weights > 0);
  const those = (kind: string) =>
    layers.filter(({ asked, applied = asked }) => applied === kind).map(({ opType }) => opType);
  const [statics, dynamics, small] = [those("static"), those("dynamic"), those("weightOnly")];
  const halves = recipe.kind === "assignment" &&
    Object.values(recipe.forms).some((form) => form.kind === "weightOnly" && form.bits === 16);
  const stored = halves ? "stored in float16" : "stored small";
  if (small.length === layers.length && small.length > 0) {
    return `weights of all ${plural(small.length, "layer")} ${stored}, float32 kernels`;
  }
  return [
    statics.length > 0 && `int8 in ${statics.length} of ${plural(layers.length, "layer")}`,
    dynamics.length > 0 && `${operators(dynamics)} dynamic`,
    small.length > 0 && `${operators(small)} ${stored}`,
  ].filter(Boolean).join(", ");
}

/** `GRU`, `2 GRU and Gemm`; of many kinds only how many layers. */
function operators(opTypes: readonly string[]): string {
  const counts = [...Map.groupBy(opTypes, (op) => op)]
    .map(([op, { length }]) => length > 1 ? `${length} ${op}` : op);
  return counts.length > 2 ? plural(opTypes.length, "layer") : counts.join(" and ");
}
