import type { NodeProto } from "../onnx/onnx_pb.ts";
import { elementCount } from "../tensor/tensor.ts";
import { rowClasses, type TapClass } from "./taps.ts";
import type { Window } from "../onnx/pool_window.ts";
import { convCost, MOVED, NODE_COST, productCost } from "./product_cost.ts";

/**
 * A way to write a convolution as matrix products:
 *
 * - `im2col`: one product. A row for each output position holds all that the kernel sees there, zeros
 *   in the padding included.
 * - `perPosition`: one product for each set of taps that lie inside the map, over the positions that
 *   see them: nothing is multiplied by the padding. On a map of 3x3 that is one for each position.
 * - `perRow`: one product for each set of rows of the kernel that lie inside the map: only the padding
 *   along the first axis is left out. On a map of 3x3 that is one for each row.
 * - `dense`: one product of the whole map, with a matrix that holds each tap of the kernel wherever it
 *   connects an input and an output position. Only where all of them are connected, as on maps of 2x2
 *   under a 3x3 kernel.
 * @category Passes (advanced)
 */
export type GemmForm = "im2col" | "perRow" | "perPosition" | "dense";

/**
 * What decides on the form: a Conv of one group with constant weights on a map of known size.
 * @category Passes (advanced)
 */
export interface PlainConv {
  /** The Conv. */
  readonly node: NodeProto;
  /** How its kernel slides over the map. */
  readonly window: Window;
  /** Pictures in a batch of the sample. */
  readonly batch: number;
  /** Input channels. */
  readonly channels: number;
  /** Output channels. */
  readonly filters: number;
  /** Output positions, grouped by the taps of the kernel that they see. */
  readonly classes: readonly TapClass[];
}

/** Sides of a Conv where its map would have to be transposed, for what it meets there. */
export interface Turns {
  readonly input: boolean;
  readonly output: boolean;
}

/**
 * The form that pays by the estimate of {@linkcode formCosts}, undefined to leave the Conv itself: of those that
 * are nearly as fast as the fastest that with the fewest nodes, as a node takes twice as long in some of the
 * runtime's binaries as in others.
 */
export function cheapestForm(conv: PlainConv, turns: Turns): GemmForm | undefined {
  const costs = formCosts(conv, turns);
  const least = Math.min(...Object.values(costs.forms));
  if (least >= CLEARLY * costs.conv) return undefined;
  return BY_NODES.find((form) => NEARLY * costs.forms[form] <= least);
}

/** The forms, that with the fewest nodes first. */
const BY_NODES: readonly GemmForm[] = ["dense", "im2col", "perRow", "perPosition"];

/** What an estimate has to promise before a Conv is rewritten: its error is about as much. */
const CLEARLY = 0.92;

/** How near an estimate has to be to the least for its form to be as good. */
const NEARLY = 0.88;

/** What a Conv and its forms cost, in multiply-adds of a matrix product that fills the kernel. */
export interface FormCosts {
  readonly conv: number;
  readonly forms: Readonly<Record<GemmForm, number>>;
}

/**
 * Estimates the cost of a Conv and its forms in onnxruntime-web 1.30, float32, one thread, from shapes
 * alone. The columns of its matrix product go by 16, whether they are full or not. The Conv makes one
 * product per picture, in which positions are the columns: 16 for a map of 2x2, which is why that takes
 * four times as long as it should (kernel fact conv-of-a-small-map). A Gemm has positions as rows and filters as columns.
 *
 * Fitted to the times of 20 shapes, from 16 channels on 8x8 to 512 on 2x2: within 15 % of nearly all.
 */
export function formCosts(conv: PlainConv, turns: Turns): FormCosts {
  const { window, batch, channels, filters, classes } = conv;
  const [positions, places] = [elementCount(window.output), elementCount(window.input)];
  const taps = elementCount(window.kernel);
  const turned = batch * TURNED *
    (Number(turns.input) * places * channels + Number(turns.output) * positions * filters);
  const gathered = (reads: number) => batch * reads * (channels + PER_ROW) * MOVED;
  const gathers = taps > 1 || places !== positions;

  const rows = rowClasses(conv);
  const productsOf = (classes: readonly TapClass[]) =>
    classes.reduce(
      (cost, { positions: own, taps: inside, reads }) =>
        cost + productCost(batch * own.length, filters, inside.length * channels) +
        gathered(reads.length) + NODE_COST * (own.length > 1 ? 4 : 1),
      turned + NODE_COST * 6,
    );
  return {
    conv: convCost(conv),
    forms: {
      im2col: turned + productCost(batch * positions, filters, taps * channels) +
        (gathers ? gathered(positions * taps) : 0) + NODE_COST * 6,
      // With one row, or one for each class, it is one of the others.
      perRow: rows.length > 1 && rows.length < classes.length ? productsOf(rows) : Infinity,
      perPosition: productsOf(classes),
      dense: isDense(conv)
        ? turned + productCost(batch, positions * filters, places * channels) + NODE_COST * 5
        : Infinity,
    },
  };
}

/** Elements in the time of finding a row to copy. */
const PER_ROW = 4;

/** Multiply-adds in the time of transposing an element. */
const TURNED = 6;

/** Whether every output position sees every input position, so that no element would be 0. */
export function isDense({ window, classes }: PlainConv): boolean {
  const places = elementCount(window.input);
  return classes.every(({ taps }) => taps.length === places);
}
