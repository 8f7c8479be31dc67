import type { Window } from "../onnx/pool_window.ts";
import type { WinogradForm } from "../record/recipe.ts";
import { winogradParts } from "../record/winograd_parts.ts";
import { MOST_POINTS, phases, type Transforms } from "./cook_toom.ts";

/** How a Conv is cut into tiles along one axis. */
export interface TileAxis extends Transforms {
  /** Outputs of a tile; the last tile may reach beyond the map. */
  readonly outputs: number;
  /** Points at which its products are taken. */
  readonly points: number;
  /** Inputs that a tile reads. */
  readonly span: number;
  /** Tiles. */
  readonly count: number;
  /** Where each of them reads, `[span][count]`: a place of the input, or -1 in the padding. */
  readonly reads: readonly (readonly number[])[];
}

/** Tiles of a map, row by row: an axis of one, where the kernel moves along a single axis. */
export interface Tiles {
  readonly rows: TileAxis;
  readonly columns: TileAxis;
  /** Tiles in all. */
  readonly count: number;
  /** Points of a tile. */
  readonly points: number;
}

/** Columns that a matrix product computes at a time, whether they are full or not. */
const COLUMNS = 16;

/** Most of these that may be empty, beside those that are full. */
const MOST_EMPTY = 0.3;

/**
 * Whether tiles are the columns of the products, and the kernel stands on the left, which the runtime uses as
 * it is: it packs matrices on the right alone. So it does wherever tiles fill its columns.
 */
export function areColumns({ count }: Pick<Tiles, "count">): boolean {
  return Math.ceil(count / COLUMNS) * COLUMNS <= (1 + MOST_EMPTY) * count;
}

/**
 * Cuts the map of a convolution into the tiles of a form; undefined if it has no such form: its kernel moves
 * along more than two axes, its taps are apart, or there are no transforms for tiles of this size.
 */
export function tilesOf(window: Window, form: WinogradForm): Tiles | undefined {
  const rank = window.kernel.length;
  const sizes = winogradParts(form).tile;
  if (rank > 2 || sizes.slice(0, -rank).some((outputs) => outputs !== 1)) return undefined;
  const axes = sizes.slice(-rank).map((outputs, i) => tileAxis(window, i, outputs));
  const [columns, rows] = rank === 2 ? axes.reverse() : [axes[0], SINGLE];
  if (!rows || !columns) return undefined;
  return {
    rows,
    columns,
    count: rows.count * columns.count,
    points: rows.points * columns.points,
  };
}

function tileAxis(window: Window, axis: number, outputs: number): TileAxis | undefined {
  const [taps, stride] = [window.kernel[axis]!, window.strides[axis]!];
  const isApart = taps > 1 && window.dilations[axis]! > 1;
  if (isApart || outputs < 1 || (taps === 1 && outputs > 1)) return undefined;
  if (outputs + Math.ceil(taps / stride) - 1 > MOST_POINTS) return undefined;
  const [length, begin] = [window.input[axis]!, window.begins[axis]!];
  const transforms = phases(outputs, taps, stride);
  const span = (outputs - 1) * stride + taps;
  const count = Math.ceil(window.output[axis]! / outputs);
  const reads = Array.from(
    { length: span },
    (_, i) =>
      Array.from({ length: count }, (_, tile) => {
        const place = tile * outputs * stride + i - begin;
        return place >= 0 && place < length ? place : -1;
      }),
  );
  return { ...transforms, outputs, points: transforms.kernel.length, span, count, reads };
}

/** The rows of a map that has columns alone. */
const SINGLE: TileAxis = {
  ...phases(1, 1, 1),
  outputs: 1,
  points: 1,
  span: 1,
  count: 1,
  reads: [[0]],
};
