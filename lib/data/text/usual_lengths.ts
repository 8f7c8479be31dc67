import type { ValueType } from "../../tensor/tensor.ts";
import { tokenRole } from "./token_inputs.ts";

/** Tokens that a text is taken to have where nothing says how many. */
const USUAL_TOKENS = 128;

/** Inputs whose open lengths were filled in. */
export interface UsualLengths {
  readonly inputs: readonly ValueType[];
  /** What was open and is so many tokens now. */
  readonly filled: readonly string[];
  readonly tokens: number;
}

/**
 * Inputs of a text (tokens, mask, types, positions, by their names), as [batch, tokens] whose second length is
 * open, with a length: that of another of them where it is known, 128 otherwise. Others stay as they are.
 *
 * @example
 * ```ts
 * import { usualLengths } from "./usual_lengths.ts";
 * import assert from "node:assert/strict";
 * const input = { name: "input_ids", type: "int64", dims: ["batch", "seq"] } as const;
 * const { inputs: [filled] } = usualLengths([input]);
 * assert.deepEqual(filled!.dims, ["batch", 128]);
 * ```
 */
export function usualLengths(inputs: readonly ValueType[]): UsualLengths {
  const own = inputs.filter(({ name, dims }) => {
    const role = tokenRole(name);
    return dims?.length === 2 && role !== undefined && role !== "past" && role !== "lengths";
  });
  const known = own.map(({ dims }) => dims![1]).find((length) => typeof length === "number");
  const tokens = known ?? USUAL_TOKENS;
  const open = new Set(own.filter(({ dims }) => typeof dims![1] !== "number"));
  return {
    inputs: inputs.map((input) =>
      open.has(input) ? { ...input, dims: [input.dims![0]!, tokens] } : input
    ),
    filled: [...open].map(({ name }) => name),
    tokens,
  };
}
