import type { Tensor } from "../tensor/tensor.ts";

/** Fewest samples of which it says something that all give the same. */
const FEW = 5;

/**
 * What is to be said where float32 itself gives the same for every sample, in all its outputs: a detector
 * that hears nothing in any of them, or a network fed with what it does not know. Any int8 then agrees.
 *
 * @param results Float32's outputs, sample by sample.
 * @param name How it is called. @default {"float32"}
 * @returns Undefined where they differ, or are too few to tell.
 * @example
 * ```ts
 * import { sameOutputsNote } from "./same_outputs.ts";
 * import { float32 } from "../tensor/tensor.ts";
 * import assert from "node:assert/strict";
 * const silent = Array.from({ length: 9 }, () => ({ score: float32([1], [0]) }));
 * assert.match(sameOutputsNote(silent)!, /^float32 gives the same for all 9 samples: "score" is 0 /);
 * ```
 */
export function sameOutputsNote(
  results: readonly Readonly<Record<string, Tensor>>[],
  name = "float32",
): string | undefined {
  const [first, ...others] = results;
  if (!first || results.length < FEW) return undefined;
  const names = Object.keys(first);
  const isSame = (name: string) => others.every((outputs) => equal(first[name]!, outputs[name]));
  if (names.length === 0 || !names.every(isSame)) return undefined;
  const values = names.map((name) => {
    const { data } = first[name]!;
    return data.length > 0 && data.every((value) => value === data[0])
      ? `"${name}" is ${data[0]} throughout`
      : `"${name}" does not change`;
  });
  return `${name} gives the same for all ${results.length} samples: ${
    values.join(", ")
  }. Nothing can be ` +
    `told of int8 from that; bring samples to which the network answers differently.`;
}

function equal(a: Tensor, b: Tensor | undefined): boolean {
  return b !== undefined && a.data.length === b.data.length &&
    a.data.every((value, i) => Object.is(value, b.data[i]));
}
