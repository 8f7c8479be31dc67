import { elementCount } from "../../tensor/tensor.ts";
import type { ScaleGrid, StoredIntegers } from "./stored_integers.ts";

type Grid = ScaleGrid<Float32Array | Int8Array | Uint8Array>;

/**
 * Integers in another shape, with blocks along the last axis as long as all of a row's have one scale each: where
 * a file has blocks that reach over several rows, or end within one, each gets a scale of its own.
 */
export function reblocked(
  stored: StoredIntegers,
  from: readonly number[],
): StoredIntegers | undefined {
  const { scale, zero } = stored;
  const { dims } = stored.integers;
  const length = dims.at(-1) ?? 0;
  if (!scale || length < 2) return undefined;
  const grids = [scale, ...zero ? [zero] : []].map((grid) => places(grid, from, stored.block));
  let size = length;
  for (const places of grids) {
    for (let i = 1; i < places.length && size > 1; i++) {
      if (places[i] !== places[i - 1]) size = commonDivisor(size, i);
    }
  }
  if (size === 1) return undefined;
  const blocks = [...dims.slice(0, -1), length / size];
  const pick = <G extends Grid>(grid: G, at: Int32Array): G => {
    const count = elementCount(blocks);
    const data = grid.data instanceof Float32Array
      ? new Float32Array(count)
      : grid.data instanceof Int8Array
      ? new Int8Array(count)
      : new Uint8Array(count);
    for (let i = 0; i < count; i++) data[i] = grid.data[at[i * size]!]!;
    return { ...grid, dims: blocks, data };
  };
  return {
    ...stored,
    scale: pick(scale, grids[0]!),
    ...(zero && { zero: pick(zero, grids[1]!) }),
    block: { axis: dims.length - 1, size },
  };
}

/** Where in a grid each element, in row-major order, has its value. */
function places(grid: Grid, dims: readonly number[], block: StoredIntegers["block"]): Int32Array {
  let found = Int32Array.of(0);
  dims.forEach((length, axis) => {
    const own = grid.dims[axis]!;
    const per = own === 1 ? Infinity : block?.axis === axis ? block.size : 1;
    const next = new Int32Array(found.length * length);
    for (let i = 0, at = 0; i < found.length; i++) {
      for (let j = 0; j < length; j++) next[at++] = found[i]! * own + Math.floor(j / per);
    }
    found = next;
  });
  return found;
}

function commonDivisor(a: number, b: number): number {
  while (b > 0) [a, b] = [b, a % b];
  return a;
}
