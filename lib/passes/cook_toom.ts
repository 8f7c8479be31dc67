/** Rows of numbers. */
export type Matrix = readonly (readonly number[])[];

/**
 * The matrices of Winograd's F(m, r) along one axis. With a kernel g and inputs d, the outputs are
 * `output · ((kernel · g) * (input · d))`: as many multiplications as there are points, where the sum over
 * taps has outputs times taps of them.
 */
export interface Transforms {
  /** A', [outputs, points]. */
  readonly output: Matrix;
  /** G, [points, taps]. */
  readonly kernel: Matrix;
  /** B', [points, inputs]. */
  readonly input: Matrix;
}

/**
 * Points of the polynomials, by their number; one more is at infinity. Small powers of two keep the matrices
 * exact in float32, and these are the choices of least {@linkcode amplification} among multiples of a quarter
 * up to 4. Each has 1, whose column of `output` is all ones.
 */
const POINTS: readonly (readonly number[])[] = [
  [],
  [1],
  [0, 1],
  [0, 1, -1],
  [0, 1, -1, 2],
  [0, 1, -1, 2, -1 / 2],
  [0, 1, -1, 1 / 2, -1 / 2, 3],
  [0, 1, -1, 2, -2, 1 / 2, -1 / 2],
  [0, 1, -1, 2, -1 / 4, 3 / 4, -3 / 4, -3],
];

/** Most outputs and taps together, less one, that {@linkcode cookToom} knows points for. */
export const MOST_POINTS = POINTS.length;

/**
 * F(outputs, taps) of Winograd, made as Cook and Toom do: outputs are the product of two polynomials, which is
 * interpolated from its values at points, transposed.
 *
 * @see {@link https://arxiv.org/abs/1803.10986 | Barabasz et al. 2018}, on the choice of points
 */
export function cookToom(outputs: number, taps: number): Transforms {
  if (taps === 1) {
    const same = identity(outputs);
    return { output: same, kernel: same.map(() => [1]), input: same };
  }
  if (outputs === 1) {
    const same = identity(taps);
    return { output: [same.map(() => 1)], kernel: same, input: same };
  }
  const finite = POINTS[outputs + taps - 2]!;
  const others = finite.map((_, i) => finite.toSpliced(i, 1));
  const powers = (count: number) => finite.map((p) => range(count).map((k) => p ** k));
  const atInfinity = (count: number) => range(count).map((k) => k === count - 1 ? 1 : 0);
  const values = [...powers(outputs), atInfinity(outputs)];
  return {
    output: range(outputs).map((j) => values.map((row) => row[j]!)),
    kernel: [
      ...powers(taps).map((row, i) => {
        const at = others[i]!.reduce((product, q) => product * (finite[i]! - q), 1);
        return row.map((power) => power / at + 0); // + 0 turns -0 into 0
      }),
      atInfinity(taps),
    ],
    input: [...others.map((roots) => [...polynomial(roots), 0]), polynomial(finite)],
  };
}

/**
 * The same for outputs that are `stride` inputs apart: each of the inputs' phases meets the taps of its own,
 * by an F of its own, and the outputs of all are added up.
 */
export function phases(outputs: number, taps: number, stride: number): Transforms {
  const inputs = (outputs - 1) * stride + taps;
  const output: number[][] = range(outputs).map(() => []);
  const kernel: number[][] = [];
  const input: number[][] = [];
  for (const phase of range(Math.min(stride, taps))) {
    const own = range(taps).filter((tap) => tap % stride === phase);
    const part = cookToom(outputs, own.length);
    part.output.forEach((row, j) => output[j]!.push(...row));
    kernel.push(...part.kernel.map((row) => spread(row, phase, stride, taps)));
    input.push(...part.input.map((row) => spread(row, phase, stride, inputs)));
  }
  return { output, kernel, input };
}

/**
 * By how much F lets rounding errors grow: the variance of the sum of its products beside that of the outputs,
 * for kernels and inputs of independent numbers. Along two axes the factors multiply.
 */
export function amplification({ output, kernel, input }: Transforms): number {
  const variances = kernel.map((row, i) => squares(row) * squares(input[i]!));
  const sums = output.map((row) => row.reduce((sum, a, i) => sum + a * a * variances[i]!, 0));
  const mean = sums.reduce((sum, one) => sum + one, 0) / sums.length;
  return mean / kernel[0]!.length;
}

/** Whether a matrix leaves what it is multiplied with as it is. */
export function isIdentity(matrix: Matrix): boolean {
  return matrix.every((row, i) =>
    row.length === matrix.length && row.every((value, j) => value === Number(i === j))
  );
}

function identity(size: number): Matrix {
  return range(size).map((i) => range(size).map((j) => Number(i === j)));
}

/** Coefficients of the polynomial with these roots and a leading 1, that of the constant first. */
function polynomial(roots: readonly number[]): number[] {
  return roots.reduce<number[]>(
    (c, root) => [...c, 0].map((_, k) => (c[k - 1] ?? 0) - root * (c[k] ?? 0) + 0),
    [1],
  );
}

function spread(row: readonly number[], from: number, step: number, length: number): number[] {
  const wide = new Array<number>(length).fill(0);
  row.forEach((value, i) => wide[from + i * step] = value);
  return wide;
}

function squares(row: readonly number[]): number {
  return row.reduce((sum, value) => sum + value * value, 0);
}

function range(length: number): number[] {
  return Array.from({ length }, (_, i) => i);
}
