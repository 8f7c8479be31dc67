import type { NumericType, Tensor } from "../../tensor/tensor.ts";
import { CannotEvaluate } from "./workspace.ts";

/** Distance in elements between neighbours along each axis of a row-major tensor. */
export function strides(dims: readonly number[]): number[] {
  const result = new Array<number>(dims.length);
  let stride = 1;
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    result[axis] = stride;
    stride *= dims[axis]!;
  }
  return result;
}

/**
 * Shape of an elementwise result.
 *
 * @throws {CannotEvaluate} If the shapes do not broadcast.
 * @see {@link https://onnx.ai/onnx/repo-docs/Broadcasting.html}
 */
export function broadcastDims(...shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(0, ...shapes.map((dims) => dims.length));
  return Array.from({ length: rank }, (_, axis) => {
    let result = 1;
    for (const dims of shapes) {
      const dim = dims[axis - rank + dims.length] ?? 1;
      if (dim === 1 || dim === result) continue;
      if (result !== 1) throw new CannotEvaluate("shapes that do not broadcast");
      result = dim;
    }
    return result;
  });
}

/** Strides that read a tensor of shape `dims` as if it had the shape `target`: 0 where it repeats. */
export function broadcastStrides(dims: readonly number[], target: readonly number[]): number[] {
  const own = strides(dims);
  return target.map((_, axis) => {
    const source = axis - target.length + dims.length;
    return source < 0 || dims[source] === 1 ? 0 : own[source]!;
  });
}

/** Calls `visit(position, offset)` for each element of `dims` in row-major order. */
export function forEachOffset(
  dims: readonly number[],
  steps: readonly number[],
  visit: (position: number, offset: number) => void,
  start = 0,
): void {
  const count = dims.reduce((product, dim) => product * dim, 1);
  const index = new Array<number>(dims.length).fill(0);
  let offset = start;
  for (let position = 0; position < count; position++) {
    visit(position, offset);
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      offset += steps[axis]!;
      if (++index[axis]! < dims[axis]!) break;
      offset -= steps[axis]! * dims[axis]!;
      index[axis] = 0;
    }
  }
}

/** Calls `visit(position, a, b)` for each element of `dims` in row-major order, with two offsets at once. */
export function forEachPair(
  dims: readonly number[],
  stepsA: readonly number[],
  stepsB: readonly number[],
  visit: (position: number, a: number, b: number) => void,
): void {
  const count = dims.reduce((product, dim) => product * dim, 1);
  const index = new Array<number>(dims.length).fill(0);
  let [a, b] = [0, 0];
  for (let position = 0; position < count; position++) {
    visit(position, a, b);
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      a += stepsA[axis]!;
      b += stepsB[axis]!;
      if (++index[axis]! < dims[axis]!) break;
      a -= stepsA[axis]! * dims[axis]!;
      b -= stepsB[axis]! * dims[axis]!;
      index[axis] = 0;
    }
  }
}

/**
 * Fills `target` from `source`, walking the source by `steps` (one per axis of the target, 0 repeats,
 * negative goes back) from the element `start`. Transpose, Slice, Expand and Tile are this one walk.
 */
export function copyStrided(
  source: Tensor<NumericType>,
  target: Tensor<NumericType>,
  steps: readonly number[],
  start = 0,
): void {
  // Both arrays are of one type; which one does not matter to a copy of elements.
  const from = source.data as Float64Array;
  const to = target.data as Float64Array;
  const { dims } = target;
  // Axes at the end that lie in the source as in the target move as one block.
  let blockAxis = dims.length;
  let block = 1;
  while (blockAxis > 0 && steps[blockAxis - 1] === block) block *= dims[--blockAxis]!;
  if (block === 0) return;
  forEachOffset(dims.slice(0, blockAxis), steps, (position, offset) => {
    if (block === 1) to[position] = from[offset]!;
    else to.set(from.subarray(offset, offset + block), position * block);
  }, start);
}
