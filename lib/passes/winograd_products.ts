import type { Tensor } from "../tensor/tensor.ts";
import type { NodeWriter } from "./replacement.ts";
import {
  apart,
  apartInIntegers,
  distinct,
  inOne,
  type KernelStorage,
  type RoundMatrix,
  type WinogradConv,
} from "./winograd_weights.ts";

/** Products `[batch, points, tiles, filters]`, in some shape, and whether they have the bias in them. */
export interface Products {
  readonly result: string;
  readonly hasBias: boolean;
}

/**
 * Multiplies transformed tiles, in any shape of `[batch, points, tiles, channels]`, with the transformed
 * kernel, point by point.
 */
export function products(
  x: string,
  conv: WinogradConv,
  stored: KernelStorage,
  write: NodeWriter,
): Products {
  const { tiles: { count, points }, channels, filters } = conv;
  const runs = runsOf(conv);
  const isInOrder = runs.every((run, i) => run.kernel === i && run.points === 1);
  if (isInOrder && isPackedQuickly(conv)) {
    const whole = write.reshape(x, [-1, points, count, channels]);
    const matrices = inOne(conv, stored, write);
    return { result: write.add("MatMul", [whole, matrices]), hasBias: false };
  }
  const matrices = apart(conv, stored, write);
  return eachRun(x, conv, write, (part, kernel, bias) => {
    if (!bias) return write.add("MatMul", [part, matrices[kernel]!]);
    const flat = write.reshape(part, [-1, channels]);
    const sum = write.add("Gemm", [flat, matrices[kernel]!, bias]);
    return write.reshape(sum, [-1, count, filters]);
  });
}

/**
 * The same in integers: uint8 tiles, whose range is found at each point in each run, by int8 weights. Ranges
 * of all tiles that are in a batch: results depend on what else is in it.
 */
export function integerProducts(
  x: string,
  conv: WinogradConv,
  weight: Tensor<"float32">,
  rounded: RoundMatrix,
  write: NodeWriter,
): Products {
  const matrices = apartInIntegers(conv, weight, rounded, write);
  return eachRun(x, conv, write, (part, kernel, bias) => {
    const { integers, scales } = matrices[kernel]!;
    const inputs = [part, integers, scales, ...bias ? ["", bias] : []];
    return write.addContrib("DynamicQuantizeMatMul", inputs, {});
  });
}

/**
 * Cuts tiles into the points that share a matrix, and joins their products.
 *
 * @param multiply Multiplies some points with a matrix, and adds the bias.
 */
function eachRun(
  x: string,
  conv: WinogradConv,
  write: NodeWriter,
  multiply: (part: string, kernel: number, bias?: string) => string,
): Products {
  const { tiles: { count, points }, channels, node: { input: [, , bias] } } = conv;
  const runs = runsOf(conv);
  const whole = write.reshape(x, [-1, points * count, channels]);
  const parts = write.split(whole, runs.map(({ points }) => points * count), 1);
  const made = runs.map(({ kernel, isWhole }, i) =>
    multiply(parts[i]!, kernel, isWhole && bias ? bias : undefined)
  );
  const hasBias = Boolean(bias) && runs.some(({ isWhole }) => isWhole);
  return { result: write.add("Concat", made, { axis: 1 }), hasBias };
}

/**
 * Whether one product with all matrices takes less than one for each point: the runtime then packs them in
 * every run, as it packs constants of two dimensions alone (kernel fact stack-of-matrices), but parts need
 * not be split and joined.
 */
function isPackedQuickly({ tiles: { count }, batch, channels, filters }: WinogradConv): boolean {
  return 2 * channels * filters <= batch * count * (channels + filters);
}

/** Points in a row that are multiplied with the same matrix. */
interface Run {
  /** Number of the matrix. */
  readonly kernel: number;
  readonly points: number;
  /** Whether its products count once in each output, so that the bias can be added to them. */
  readonly isWhole: boolean;
}

function runsOf({ tiles: { rows, columns } }: WinogradConv): Run[] {
  const runs: Run[] = [];
  const [whole, beside] = [rows, columns].map(({ output, points }) =>
    Array.from({ length: points }, (_, i) => i).find((i) => output.every((row) => row[i] === 1))
  );
  const [down, across] = [distinct(rows.kernel), distinct(columns.kernel)];
  down.order.forEach((i, row) =>
    across.order.forEach((j, column) => {
      const kernel = i * across.rows.length + j;
      const isWhole = row === whole && column === beside;
      const last = runs.at(-1);
      if (last?.kernel === kernel && !isWhole && !last.isWhole) {
        runs[runs.length - 1] = { ...last, points: last.points + 1 };
      } else runs.push({ kernel, points: 1, isWhole });
    })
  );
  return runs;
}
