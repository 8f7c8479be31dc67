import assert from "node:assert/strict";
import { amplification, cookToom, type Matrix, phases } from "../../lib/passes/cook_toom.ts";
import { normal } from "../random.ts";

Deno.test("the matrices of F(2, 3) are those that Lagrange's formula gives by hand", () => {
  // For points 0, 1, -1: (x - 1)(x + 1) = x² - 1 is -1 at 0; x(x + 1) is 2 at 1; x(x - 1) is 2 at -1; and
  // x(x - 1)(x + 1) = x³ - x belongs to infinity.
  assert.deepEqual(cookToom(2, 3), {
    output: [[1, 1, 1, 0], [0, 1, -1, 1]],
    kernel: [[-1, 0, 0], [1 / 2, 1 / 2, 1 / 2], [1 / 2, -1 / 2, 1 / 2], [0, 0, 1]],
    input: [[-1, 0, 1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, -1, 0, 1]],
  });
});

/** A matrix times a vector. */
function times(matrix: Matrix, vector: ArrayLike<number>): number[] {
  return matrix.map((row) => row.reduce((sum, a, i) => sum + a * vector[i]!, 0));
}

Deno.test("phases() computes convolutions of every size and stride that it has points for", () => {
  let sizes = 0;
  for (let stride = 1; stride <= 3; stride++) {
    for (let taps = 1; taps <= 7; taps++) {
      for (let outputs = 1; outputs + Math.ceil(taps / stride) - 1 <= 9; outputs++) {
        const { output, kernel, input } = phases(outputs, taps, stride);
        const d = normal((outputs - 1) * stride + taps, 10 * outputs + taps);
        const g = normal(taps, outputs);
        const [u, v] = [times(kernel, g), times(input, d)];
        const y = times(output, u.map((value, i) => value * v[i]!));
        y.forEach((value, j) => {
          const expected = Array.from(g).reduce((sum, tap, k) => sum + tap * d[j * stride + k]!, 0);
          assert.ok(Math.abs(value - expected) < 1e-12, `F(${outputs}, ${taps}) by ${stride}`);
        });
        sizes++;
      }
    }
  }
  assert.equal(sizes, 42 + 54 + 58);
});

Deno.test("amplification() is 1 for a plain sum, and what the variances of F(2, 3) come to by hand", () => {
  assert.equal(amplification(cookToom(1, 3)), 1);
  // The products have variances 2, 3/4 · 2, 3/4 · 2 and 2; each output is a sum of three of them, over 3 taps.
  assert.equal(amplification(cookToom(2, 3)), (2 + 1.5 + 1.5) / 3);
});

Deno.test("all numbers of the transforms of tiles are float32, so that weights alone are rounded", () => {
  for (let taps = 2; taps <= 5; taps++) {
    for (let outputs = 2; outputs + taps - 1 <= 9; outputs++) {
      const { output, input } = cookToom(outputs, taps);
      for (const value of [...output, ...input].flat()) assert.equal(value, Math.fround(value));
    }
  }
});
