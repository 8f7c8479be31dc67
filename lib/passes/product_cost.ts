import { elementCount } from "../tensor/tensor.ts";
import type { ConvShape } from "./read_conv.ts";

/**
 * What a Conv takes in onnxruntime-web 1.30, float32, one thread, in multiply-adds of a matrix product that
 * fills the kernel. The columns of its product are the positions of one picture.
 */
export function convCost(
  { window, batch, channels, filters }: Pick<
    ConvShape,
    "window" | "batch" | "channels" | "filters"
  >,
): number {
  const [positions, taps] = [elementCount(window.output), elementCount(window.kernel)];
  return batch * (productCost(filters, positions, taps * channels) +
        positions * taps * channels * MOVED) + NODE_COST;
}

/** What a matrix product takes, in the same unit. Its columns go by 16, whether they are full or not. */
export function productCost(rows: number, columns: number, depth: number): number {
  return (rows + FIRST_ROW) * Math.ceil(columns / COLUMNS) * COLUMNS * depth;
}

/** Kernel fact columns-by-16. */
const COLUMNS = 16;

/** Rows in the time of fetching the matrix on the right: a single row does not hide it (kernel fact one-row). */
const FIRST_ROW = 0.7;

/** Multiply-adds in the time of copying an element of a patch. */
export const MOVED = 10;

/**
 * Multiply-adds in the time (0.9 microseconds) that a node takes whatever it does, in the plain binary: twice as
 * many in those with a GPU in them (kernel fact time-of-a-node).
 */
export const NODE_COST = 14_000;
