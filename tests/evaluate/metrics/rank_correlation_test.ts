import assert from "node:assert/strict";
import { rankCorrelation } from "../../../lib/evaluate/metrics/rank_correlation.ts";
import { float32 } from "../../../lib/tensor/tensor.ts";

/** Embeddings in the plane, by their angles in degrees. */
const at = (degrees: number) => {
  const angle = degrees * Math.PI / 180;
  return { y: float32([1, 2], [Math.cos(angle), Math.sin(angle)]) };
};

function scores(ours: readonly number[], theirs: readonly number[]): number[] {
  const { note, scores } = rankCorrelation().whole!;
  const units = ours.map((angle, index) => [
    note({ outputs: at(angle), reference: at(theirs[index]!), index })!,
  ]);
  return [...scores(units)];
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

Deno.test("rankCorrelation() is 1 where all pairs keep their order, whatever their values", () => {
  assert.deepEqual(scores([0, 1, 3, 7], [0, 2, 6, 14]).map((x) => +x.toFixed(6)), [1, 1, 1, 1]);
});

Deno.test("rankCorrelation() is Spearman's over the cosines of all pairs", () => {
  // Distances of float32 at 0, 1, 3, 7 are 1, 3, 7, 2, 6, 4: the nearest pair has the highest rank, so ranks
  // 6, 4, 1, 5, 2, 3. With the last sample at 4.5 they are 1, 3, 4.5, 2, 3.5, 1.5: ranks 6, 3, 1, 4, 2, 5.
  const expected = 1 - 6 * (0 + 1 + 0 + 1 + 0 + 4) / (6 * (6 * 6 - 1));
  assert.ok(Math.abs(mean(scores([0, 1, 3, 4.5], [0, 1, 3, 7])) - expected) < 1e-9);
});

Deno.test("rankCorrelation() takes four samples, and leaves out those that tell nothing", () => {
  assert.throws(() => scores([0, 1, 3], [0, 1, 3]), /^Error: it takes 4 samples or more, got 3$/);
  const { note, scores: of } = rankCorrelation().whole!;
  const units = [0, 1, 3, 7].map((angle, index) => [
    note({ outputs: at(angle), reference: at(angle), index })!,
  ]);
  assert.ok(Number.isNaN(of([...units, []])[4]!));
});
