import type { NodeProto } from "../onnx/onnx_pb.ts";
import { elementCount } from "../tensor/tensor.ts";
import type { TapClass } from "./taps.ts";
import type { Window } from "./window.ts";

/**
 * A way to write a convolution as matrix products:
 *
 * - `im2col`: one product. A row for each output position holds all that the kernel sees there, zeros
 *   in the padding included.
 * - `perPosition`: one product for each set of taps that lie inside the map, over the positions that
 *   see them: nothing is multiplied by the padding. On a map of 3x3 that is one for each position.
 * - `dense`: one product of the whole map, with a matrix that holds each tap of the kernel wherever it
 *   connects an input and an output position. Only where all of them are connected, as on maps of 2x2
 *   under a 3x3 kernel ({@linkcode isDense}).
 */
export type GemmForm = "im2col" | "perPosition" | "dense";

/** What decides on the form: a Conv of one group with constant weights on a map of known size. */
export interface PlainConv {
  readonly node: NodeProto;
  readonly window: Window;
  /** Pictures in a batch of the sample. */
  readonly batch: number;
  readonly channels: number;
  readonly filters: number;
  readonly classes: readonly TapClass[];
}

/**
 * The form with the least cost by the estimate of {@linkcode formCosts}, if it clearly beats the Conv
 * itself; undefined to leave it.
 */
export function cheapestForm(conv: PlainConv): GemmForm | undefined {
  const costs = formCosts(conv);
  const [form, cost] = (Object.entries(costs.forms) as [GemmForm, number][])
    .reduce((a, b) => a[1] <= b[1] ? a : b);
  return cost < CLEARLY * costs.conv ? form : undefined;
}

/** What an estimate has to promise before a Conv is rewritten: its error is about as much. */
const CLEARLY = 0.95;

/** What a Conv and its forms cost, in multiply-adds of a matrix product that fills the kernel. */
export interface FormCosts {
  readonly conv: number;
  readonly forms: Readonly<Record<GemmForm, number>>;
}

/**
 * Estimates the cost of a Conv and its forms in onnxruntime-web 1.30, float32, one thread, from shapes
 * alone. Its matrix product works on tiles of 4 rows and 16 columns, whether they are full or not. The
 * Conv makes one product per picture, in which positions are the columns: 16 for a map of 2x2, which
 * is why that takes four times as long as it should. A Gemm has positions as rows and filters as
 * columns.
 */
export function formCosts(conv: PlainConv): FormCosts {
  const { window, batch, channels, filters, classes } = conv;
  const [positions, places] = [elementCount(window.output), elementCount(window.input)];
  const taps = elementCount(window.kernel);
  const product = (rows: number, columns: number, depth: number) =>
    tiled(rows, ROWS) * tiled(columns, COLUMNS) * depth;
  const turned = batch * (places * channels + positions * filters) * TURNED;
  const gathered = (reads: number) => batch * reads * (channels + PER_ROW) * MOVED;

  let perPosition = turned + NODE * (4 * classes.length + 4);
  for (const { positions: own, taps: inside, reads } of classes) {
    perPosition += product(batch * own.length, filters, inside.length * channels) +
      gathered(reads.length);
  }
  return {
    conv: batch * product(filters, positions, taps * channels) + NODE,
    forms: {
      im2col: turned + product(batch * positions, filters, taps * channels) +
        (taps > 1 || places !== positions ? gathered(positions * taps) : 0) + NODE * 6,
      perPosition,
      dense: isDense(conv)
        ? turned + product(batch, positions * filters, places * channels) + NODE * 5
        : Infinity,
    },
  };
}

const [ROWS, COLUMNS] = [4, 16];

/** Multiply-adds in the time of copying an element of a row, and of what goes before the row. */
const [MOVED, PER_ROW] = [4, 16];

/** Multiply-adds in the time of transposing an element, less what neighbours do away with: most. */
const TURNED = 1;

/** Multiply-adds in the time (5 microseconds) that a node takes whatever it does. */
const NODE = 80_000;

function tiled(count: number, tile: number): number {
  return Math.ceil(count / tile) * tile;
}

/** Whether every output position sees every input position, so that no element would be 0. */
export function isDense({ window, classes }: PlainConv): boolean {
  const places = elementCount(window.input);
  return classes.every(({ taps }) => taps.length === places);
}
