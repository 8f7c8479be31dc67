import assert from "node:assert/strict";
import { divergence } from "../../../lib/evaluate/metrics/divergence.ts";
import { float32 } from "../../../lib/tensor/tensor.ts";

Deno.test("divergence() is the share of a text before the first other token", () => {
  const { scores } = divergence().whole!;
  const text = (steps: string) => Array.from(steps, (step) => [Number(step)]);
  assert.deepEqual([...scores([text("1111"), text("1011"), text("0111")])], [1, 0.25, 0]);
});

Deno.test("divergence() looks at the last position of a step", () => {
  const { note } = divergence().whole!;
  const of = (...values: number[]) => ({ y: float32([1, 2, 2], values) });
  const noted = (
    ours: number[],
    theirs: number[],
  ) => [...note({ outputs: of(...ours), reference: of(...theirs), index: 0 }) as number[]];
  assert.deepEqual(noted([0, 1, 1, 0], [1, 0, 2, 0]), [1]);
  assert.deepEqual(noted([1, 0, 0, 1], [1, 0, 2, 0]), [0]);
});
