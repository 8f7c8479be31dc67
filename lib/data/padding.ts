import type { Feeds, Tensor } from "../tensor/tensor.ts";

/** Names of inputs that say which positions hold a token, and which are padding. */
export const MASK = /^((attention|input|padding|token)_)?mask$/i;

/**
 * Which positions of a sample hold a token, by its input of a mask, shape [1, positions]: those that are not 0.
 *
 * @returns Undefined without such an input, and where it leaves nothing or everything out.
 */
export function tokenMask(feeds: Feeds): readonly boolean[] | undefined {
  const found = Object.entries(feeds).find(([name, { type, dims }]) =>
    MASK.test(name) && type !== "string" && dims.length === 2 && dims[0] === 1
  );
  if (!found) return undefined;
  const held = Array.from(
    found[1].data as ArrayLike<number | bigint>,
    (value) => Number(value) !== 0,
  );
  return held.includes(true) && held.includes(false) ? held : undefined;
}

/**
 * Tensors without the positions that are padding: of each the first axis behind the batch that is as long as the
 * mask is cut. Others are left as they are, and so are all where there is no padding.
 *
 * @example
 * ```ts
 * import { float32 } from "../tensor/tensor.ts";
 * import { withoutPadding } from "./padding.ts";
 * import assert from "node:assert/strict";
 * const hidden = float32([1, 3, 2], [1, 2, 3, 4, 5, 6]);
 * const { y } = withoutPadding({ y: hidden }, [true, true, false]);
 * assert.deepEqual([y!.dims, [...y!.data]], [[1, 2, 2], [1, 2, 3, 4]]);
 * ```
 */
export function withoutPadding(
  tensors: Readonly<Record<string, Tensor>>,
  mask: readonly boolean[] | undefined,
): Record<string, Tensor> {
  if (!mask) return { ...tensors };
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => {
      const axis = tensor.dims.findIndex((dim, axis) => axis > 0 && dim === mask.length);
      return [name, axis < 0 ? tensor : keptAlong(tensor, axis, mask)];
    }),
  );
}

/** The positions of an axis that a mask keeps. */
export function keptAlong(tensor: Tensor, axis: number, mask: readonly boolean[]): Tensor {
  const { dims } = tensor;
  const count = mask.filter(Boolean).length;
  const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  const isKept = (_: unknown, i: number) => mask[Math.floor(i / inner) % mask.length]!;
  const data = Array.isArray(tensor.data)
    ? tensor.data.filter(isKept)
    : (tensor.data as Float32Array).filter(isKept);
  return { ...tensor, dims: dims.map((dim, i) => i === axis ? count : dim), data } as Tensor;
}
