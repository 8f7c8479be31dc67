import type { NodeWriter } from "./replacement.ts";
import {
  apart,
  distinct,
  inOne,
  type KernelStorage,
  type WinogradConv,
} from "./winograd_weights.ts";

/**
 * Multiplies transformed tiles, in any shape of `[batch, points, tiles, channels]`, with the transformed
 * kernel, point by point.
 *
 * @returns Products `[batch, points, tiles, filters]`, in some shape, and whether they have the bias in them.
 */
export function products(
  x: string,
  conv: WinogradConv,
  stored: KernelStorage,
  write: NodeWriter,
): { result: string; hasBias: boolean } {
  const { tiles: { count, points }, channels, filters } = conv;
  const runs = runsOf(conv);
  const isInOrder = runs.every((run, i) => run.kernel === i && run.points === 1);
  if (isInOrder && isPackedQuickly(conv)) {
    const whole = write.reshape(x, [-1, points, count, channels]);
    const matrices = inOne(conv, stored, write);
    return { result: write.add("MatMul", [whole, matrices]), hasBias: false };
  }
  const whole = write.reshape(x, [-1, points * count, channels]);
  const parts = write.split(whole, runs.map(({ points }) => points * count), 1);
  const matrices = apart(conv, stored, write);
  const bias = conv.node.input[2];
  const made = runs.map(({ kernel, isWhole }, i) => {
    if (!bias || !isWhole) return write.add("MatMul", [parts[i]!, matrices[kernel]!]);
    const flat = write.reshape(parts[i]!, [-1, channels]);
    const sum = write.add("Gemm", [flat, matrices[kernel]!, bias]);
    return write.reshape(sum, [-1, count, filters]);
  });
  const hasBias = bias !== undefined && runs.some(({ isWhole }) => isWhole);
  return { result: write.add("Concat", made, { axis: 1 }), hasBias };
}

/**
 * Whether one product with all matrices takes less than one for each point: the runtime then packs them in
 * every run, as it packs constants of two dimensions alone, but parts need not be split and joined.
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
