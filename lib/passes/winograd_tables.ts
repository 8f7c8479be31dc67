import type { Tensor } from "../tensor/tensor.ts";
import type { Matrix } from "./cook_toom.ts";
import type { NodeWriter } from "./replacement.ts";
import type { TileAxis, Tiles } from "./winograd_tiles.ts";

/** Longer lists of places are computed from a list for each axis when the model is loaded, the file has those alone. */
const LONGEST = 1024;

/**
 * Where each tile reads: places of a map `[span of rows, span of columns, tiles]`, as one list. The padding is
 * the place behind all others.
 *
 * @returns The name of the list, and whether anything is read from the padding.
 */
export function tileReads(
  { rows, columns }: Tiles,
  input: readonly number[],
  write: NodeWriter,
): { indices: string; readsPadding: boolean } {
  const width = input.at(-1)!;
  const padding = input.reduce((product, length) => product * length, 1);
  const places = (axis: TileAxis, step: number) =>
    axis.reads.map((row) => row.map((place) => place < 0 ? padding : place * step));
  const [down, across] = [places(rows, width), places(columns, 1)];
  const readsPadding = [down, across].some((axis) => axis.flat().includes(padding));
  return { indices: sums(down, across, padding, write), readsPadding };
}

/** Where the places of the output stand among the outputs of all tiles, `[outputs of a tile, tiles]`, as one list. */
export function outputOrder(
  { rows, columns, count }: Tiles,
  output: readonly number[],
  write: NodeWriter,
): string {
  const [width = 1, height = 1] = output.toReversed();
  const along = (axis: TileAxis, length: number, perOutput: number, perTile: number) =>
    Array.from({ length }, (_, place) => [
      place % axis.outputs * perOutput + Math.floor(place / axis.outputs) * perTile,
    ]);
  return sums(
    along(rows, height, columns.outputs * count, columns.count),
    along(columns, width, count, 1),
    Infinity,
    write,
  );
}

/**
 * All sums of a number for the rows `[a, c]` and one for the columns `[b, d]`, `most` at most, in the order
 * `[a, b, c, d]`.
 */
function sums(down: Matrix, across: Matrix, most: number, write: NodeWriter): string {
  const list = down.flatMap((row) =>
    across.flatMap((column) => row.flatMap((r) => column.map((q) => Math.min(r + q, most))))
  );
  if (list.length <= LONGEST) return write.shared("places", int32([list.length], list));
  const parts = [
    int32([down.length, 1, down[0]!.length, 1], down.flat()),
    int32([1, across.length, 1, across[0]!.length], across.flat()),
  ];
  let sum = write.add("Add", parts.map((part) => write.shared("places", part)));
  if (most < Infinity) sum = write.add("Min", [sum, write.shared("padding", int32([], [most]))]);
  return write.reshape(sum, [-1]);
}

function int32(dims: readonly number[], list: readonly number[]): Tensor<"int32"> {
  return { type: "int32", dims, data: Int32Array.from(list) };
}
