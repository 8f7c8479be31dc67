import { elementCount } from "../tensor/tensor.ts";
import { winogradParts } from "../record/winograd_parts.ts";
import type { WinogradForm } from "../record/recipe.ts";
import { amplification } from "./cook_toom.ts";
import { convCost, NODE_COST, productCost } from "./product_cost.ts";
import type { ConvShape } from "./read_conv.ts";
import { areColumns, type Tiles, tilesOf } from "./winograd_tiles.ts";
import { distinct } from "./winograd_weights.ts";

/**
 * What a form of Winograd's takes, beside its time.
 * @category Passes (advanced)
 */
export interface WinogradCost {
  /** Bytes of the transformed weights. */
  readonly weightBytes: number;
  /** Multiply-adds of its products, without those of its transforms. */
  readonly macs: number;
  /** Nodes, as far as they do something in a run. */
  readonly nodes: number;
}

/**
 * The forms of a Conv that are worth measuring, by an estimate: the one that should be the fastest of all, and
 * the fastest of those with two, three and four times the weights. Each is exact to 100 dB or more.
 *
 * @returns The fastest first; none where no form can be expected to beat the Conv.
 * @category Passes (advanced)
 */
export function winogradForms(conv: ConvShape): WinogradForm[] {
  if (!isDenseEnough(conv)) return [];
  const possible = candidates(conv).sort((a, b) => a.cost - b.cost);
  const good = possible.filter(({ cost }) => cost < CLEARLY * convCost(conv));
  const chosen = [Infinity, ...GROWTHS].map((growth) => good.find((one) => one.growth <= growth));
  return [...new Set(chosen.flatMap((one) => one?.form ?? []))];
}

/**
 * The forms with integer products that are worth measuring: of dense 3x3 kernels that move by one place, with
 * so many channels that products take most of the time. About 34 dB; larger tiles have 18 to 23.
 */
export function integerWinogradForms(conv: ConvShape): WinogradForm[] {
  const { group, channels, filters, window: { kernel, strides } } = conv;
  const isFit = group === 1 && Math.min(channels, filters) >= FEWEST_FOR_INTEGERS &&
    kernel.join() === "3,3" && strides.every((step) => step === 1);
  return isFit ? ["winograd 2x2, integers"] : [];
}

/**
 * What a form of a Conv takes; undefined if it has no such form.
 * @category Passes (advanced)
 */
export function winogradCost(conv: ConvShape, form: WinogradForm): WinogradCost | undefined {
  const tiles = tilesOf(conv.window, form);
  if (!tiles) return undefined;
  const { channels, filters, batch } = conv;
  return {
    weightBytes: kernelCount(tiles) * channels * filters *
      (winogradParts(form).hasIntegers ? 1 : 4),
    macs: batch * tiles.points * tiles.count * channels * filters,
    nodes: tiles.points + OTHER_NODES,
  };
}

/** Why {@linkcode winogradForms} are none for a Conv, in a few words. */
export function whyNoWinograd(conv: ConvShape): string {
  if (conv.group !== 1) return "there is none of a Conv with groups";
  if (!isDenseEnough(conv)) {
    return `it would be slower with fewer than ${FEWEST_CHANNELS} channels on either side`;
  }
  if (conv.window.kernel.every((taps) => taps === 1)) return "its kernel has a single tap";
  return candidates(conv).length > 0
    ? "no form of it is estimated to be faster than the Conv"
    : "there is none for its kernel, strides and dilations";
}

function isDenseEnough({ group, channels, filters }: ConvShape): boolean {
  return group === 1 && Math.min(channels, filters) >= FEWEST_CHANNELS;
}

/** Narrower products are done before the transforms are (kernel fact winograd-of-few-channels). */
const FEWEST_CHANNELS = 16;

/** Below, larger tiles in float32 are faster by far (kernel fact winograd-in-integers). */
const FEWEST_FOR_INTEGERS = 128;

/** What the estimate has to promise: its error is about as much. Kernel facts winograd, winograd-of-stride-2. */
const CLEARLY = 0.95;

/** Weights of a form, as multiples of the Conv's. */
const GROWTHS = [4, 3, 2];

/** Nodes besides the products: Transposes, Gathers, transforms and what stands between them. */
const OTHER_NODES = 16;

/** Most outputs of a tile along one axis. */
const LONGEST_TILE = 8;

/**
 * Most that rounding errors may grow, as a factor of their variance: 29 dB. Where they do not grow, outputs
 * have 139 dB, and sums over hundreds of channels take up to 8 of these.
 */
const MOST_GROWTH = 10 ** 2.9;

interface Candidate {
  readonly form: WinogradForm;
  readonly cost: number;
  /** Weights, as a multiple of the Conv's. */
  readonly growth: number;
}

function candidates(conv: ConvShape): Candidate[] {
  const { kernel, output } = conv.window;
  const sizes = kernel.map((taps, i) =>
    Array.from({ length: taps > 1 ? Math.min(LONGEST_TILE, output[i]!) : 1 }, (_, m) => m + 1)
  );
  const [columns = [], rows = [1]] = sizes.toReversed();
  return rows.flatMap((height) =>
    columns.flatMap((width) => {
      const form: WinogradForm = `winograd ${height}x${width}`;
      const tiles = tilesOf(conv.window, form);
      if (!tiles || amplification(tiles.rows) * amplification(tiles.columns) > MOST_GROWTH) {
        return [];
      }
      return [{
        form,
        cost: costOf(conv, tiles),
        growth: kernelCount(tiles) / elementCount(kernel),
      }];
    })
  );
}

/** Different matrices that a form stores. */
function kernelCount({ rows, columns }: Tiles): number {
  return distinct(rows.kernel).rows.length * distinct(columns.kernel).rows.length;
}

/** An estimate in the unit of {@linkcode convCost}, fitted to the times of a dozen shapes. */
function costOf({ window, batch, channels, filters }: ConvShape, tiles: Tiles): number {
  const { rows, columns, count, points } = tiles;
  const thin = (down: number, across: number) => (axis: "input" | "output") =>
    rows[axis].length * down * across + rows[axis].length * columns[axis].length * across;
  const spans = rows.span * columns.span;
  const outputs = rows.outputs * columns.outputs;
  const into = thin(rows.span, columns.span)("input") * THIN + (spans + points) * COPIED;
  const outOf = thin(rows.points, columns.points)("output") * THIN + (points + outputs) * COPIED;
  const turned = elementCount(window.input) * 2 * channels + elementCount(window.output) * filters;
  const products = areColumns(tiles)
    ? batch * productCost(filters, count, channels)
    : productCost(batch * count, filters, channels);
  return points * products +
    batch * (count * (into * channels + outOf * filters) + turned * TURNED) +
    (points + OTHER_NODES) * NODE_COST;
}

/** Multiply-adds of a full product in the time of one with a thin matrix on its left. */
const THIN = 2;

/** Multiply-adds in the time of copying an element of a row. */
const COPIED = 5;

/** Multiply-adds in the time of transposing an element. */
const TURNED = 6;
