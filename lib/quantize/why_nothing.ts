import type { QuantizedModel } from "./quantized_model.ts";

/** Reasons that a message has room for. */
const MOST = 3;

/**
 * Why a conversion left everything in float32, by the first reasons of its plan, so that what it gives is
 * a copy: `nothing in it can be int8 or have smaller weights (Relu "y": it has no weights)`. Undefined
 * where it did not.
 */
export function whyNothing({ plan, traces }: QuantizedModel): string | undefined {
  if (traces.some(({ form }) => form !== "float32")) return undefined;
  const reasons = new Map<string, string>();
  for (const { node, opType, why } of plan.rows) {
    const reason = why.replace(/^.*?; stays float32: /, "");
    if (!reasons.has(reason)) reasons.set(reason, `${opType} "${node}": ${reason}`);
  }
  const nothing = "nothing in it can be int8 or have smaller weights";
  if (reasons.size === 0) return nothing;
  const shown = [...reasons.values()].slice(0, MOST).join("; ");
  return `${nothing} (${shown}${reasons.size > MOST ? "; and more" : ""})`;
}
