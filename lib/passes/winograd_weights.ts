import type { WinogradForm } from "../record/recipe.ts";
import { winogradParts } from "../record/winograd_parts.ts";
import { elementCount, float32, type Tensor } from "../tensor/tensor.ts";
import type { Matrix } from "./cook_toom.ts";
import type { ConvShape } from "./read_conv.ts";
import type { NodeWriter } from "./replacement.ts";
import type { Tiles } from "./winograd_tiles.ts";

/**
 * Whether a file holds the transformed weights, or the runtime transforms them when it loads the model.
 * @category Passes (advanced)
 */
export type KernelStorage = "ahead" | "load";

/** A Conv with the tiles that its map is cut into. */
export interface WinogradConv extends ConvShape {
  readonly form: WinogradForm;
  readonly tiles: Tiles;
  /** Shape [filters, channels, ...kernel]; absent of weights that the runtime computes. */
  readonly weight?: Tensor<"float32">;
}

/**
 * A matrix in integers.
 * @category Passes (advanced)
 */
export interface IntegerMatrix {
  /** `[rows, columns]`, symmetric around 0. */
  readonly integers: Tensor<"int8">;
  /** `[columns]`: what a step of each column is worth. */
  readonly scales: Tensor<"float32">;
}

/**
 * Rounds a matrix `[rows, columns]` to integers.
 * @category Passes (advanced)
 */
export type RoundMatrix = (matrix: Tensor<"float32">) => IntegerMatrix;

/** The transformed kernel as one constant, [points, channels, filters]. @returns Its name. */
export function inOne(conv: WinogradConv, stored: KernelStorage, write: NodeWriter): string {
  const { node, weight, channels, filters } = conv;
  const factors = factorsOf(conv);
  const dims = [factors.length, channels, filters];
  if (!weight || stored === "load") return write.reshape(atLoad(conv, factors, write), dims);
  return write.weight(node.input[1]!, nameOf(conv), () => {
    const data = new Float32Array(elementCount(dims));
    const size = channels * filters;
    factors.forEach((row, i) => transform(weight, row, data.subarray(i * size, (i + 1) * size)));
    return float32(dims, data);
  });
}

/** The transformed kernel as a matrix [channels, filters] for each of its different points. @returns Their names. */
export function apart(conv: WinogradConv, stored: KernelStorage, write: NodeWriter): string[] {
  const { node, weight, channels, filters } = conv;
  const factors = factorsOf(conv);
  if (!weight || stored === "load") {
    const rows = write.reshape(atLoad(conv, factors, write), [-1, filters]);
    return write.split(rows, factors.map(() => channels), 0);
  }
  return factors.map((row, i) =>
    write.weight(node.input[1]!, `${nameOf(conv)}_${i}`, () => {
      const data = new Float32Array(channels * filters);
      transform(weight, row, data);
      return float32([channels, filters], data);
    })
  );
}

/** The same as integers. @returns The names of the integers and of their scales, for each point. */
export function apartInIntegers(
  conv: WinogradConv,
  weight: Tensor<"float32">,
  rounded: RoundMatrix,
  write: NodeWriter,
): { integers: string; scales: string }[] {
  const { node, channels, filters } = conv;
  return factorsOf(conv).map((row, i) => {
    let made: IntegerMatrix | undefined;
    const part = (part: keyof IntegerMatrix) =>
      write.weight(node.input[1]!, `${nameOf(conv)}_${i}_${part}`, () => {
        if (!made) {
          const data = new Float32Array(channels * filters);
          transform(weight, row, data);
          made = rounded(float32([channels, filters], data));
        }
        return made[part];
      });
    return { integers: part("integers"), scales: part("scales") };
  });
}

/**
 * The transformed kernel by filters, [filters, 1, points, channels], which the runtime computes when it loads the
 * model: the file has the weights as they are, with their taps in front of the channels. @returns Its name.
 */
export function byFilter(
  { node, weight, channels, filters, spatialAxes, tiles: { rows, columns } }: WinogradConv,
  write: NodeWriter,
): string {
  const factors = rows.kernel.flatMap((down) =>
    columns.kernel.map((across) => down.flatMap((a) => across.map((b) => a * b)))
  );
  const taps = factors[0]!.length;
  const dims = [filters, 1, taps, channels];
  const turned = weight
    ? write.weight(node.input[1]!, "by_filter", () => tapsBeforeChannels(weight, dims))
    : write.reshape(
      write.add("Transpose", [node.input[1]!], { perm: [0, ...spatialAxes, 1] }),
      dims,
    );
  const matrix = write.shared("kernel_transform", float32([factors.length, taps], factors.flat()));
  return write.add("MatMul", [matrix, turned]);
}

function tapsBeforeChannels(
  { data }: Tensor<"float32">,
  dims: readonly number[],
): Tensor<"float32"> {
  const [filters = 0, , taps = 0, channels = 0] = dims;
  const turned = new Float32Array(data.length);
  let to = 0;
  for (let f = 0; f < filters; f++) {
    for (let t = 0; t < taps; t++) {
      for (let c = 0; c < channels; c++) turned[to++] = data[(f * channels + c) * taps + t]!;
    }
  }
  return float32(dims, turned);
}

/** The different rows of a matrix, and which of them stands where. */
export function distinct(matrix: Matrix): { rows: Matrix; order: number[] } {
  const keys = matrix.map((row) => row.join());
  const different = [...new Set(keys)];
  return {
    rows: different.map((key) => matrix[keys.indexOf(key)]!),
    order: keys.map((key) => different.indexOf(key)),
  };
}

/** Factors of the taps, [different points, taps]. */
function factorsOf({ tiles: { rows, columns } }: WinogradConv): number[][] {
  return distinct(rows.kernel).rows.flatMap((down) =>
    distinct(columns.kernel).rows.map((across) => down.flatMap((a) => across.map((b) => a * b)))
  );
}

/** The part of names that tells transforms of one weight from each other. */
function nameOf({ form, window: { strides } }: WinogradConv): string {
  const stride = strides.some((step) => step > 1) ? `_by_${strides.join("x")}` : "";
  return `winograd_${winogradParts(form).tile.join("x")}${stride}`;
}

/** Fills one point of a transformed kernel, [channels, filters]. Sums are rounded once. */
function transform(
  { data, dims: [filters = 0, channels = 0] }: Tensor<"float32">,
  factors: readonly number[],
  result: Float32Array,
): void {
  const taps = factors.length;
  for (let f = 0; f < filters; f++) {
    for (let c = 0; c < channels; c++) {
      const from = (f * channels + c) * taps;
      let sum = 0;
      for (let t = 0; t < taps; t++) sum += factors[t]! * data[from + t]!;
      result[c * filters + f] = sum;
    }
  }
}

/** Nodes that make a transformed kernel, [points, channels · filters], out of constants. */
function atLoad(
  { node, channels, filters, spatialAxes }: WinogradConv,
  factors: Matrix,
  write: NodeWriter,
): string {
  const taps = factors[0]!.length;
  const turned = write.add("Transpose", [node.input[1]!], { perm: [...spatialAxes, 1, 0] });
  const flat = write.reshape(turned, [taps, channels * filters]);
  const matrix = write.shared("kernel_transform", float32([factors.length, taps], factors.flat()));
  return write.add("MatMul", [matrix, flat]);
}
