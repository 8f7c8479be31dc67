import assert from "node:assert/strict";
import { sumOf } from "../../../lib/evaluate/jackknife.ts";
import { f1, meanShare } from "../../../lib/evaluate/metrics/f1.ts";
import { logits } from "../scored.ts";

Deno.test("f1() is the mean over the classes of 2 TP / (2 TP + FP + FN), as scikit-learn's macro", () => {
  // Labels 0 0 0 1 2, chosen 0 0 1 1 1: F1 is 4/5 of class 0, 2/4 of class 1, 0 of class 2.
  const one = (chosen: number) => logits(...[0, 1, 2].map((id) => id === chosen ? 1 : 0));
  const tallies = [[0, 0], [0, 0], [0, 1], [1, 1], [2, 1]].map(([label, chosen], index) =>
    f1().pooled!.tally({ outputs: one(chosen!), reference: one(chosen!), label: label!, index })
  );
  assert.ok(Math.abs(f1().pooled!.value(sumOf(tallies)) - 100 * (0.8 + 0.5 + 0) / 3) < 1e-9);
});

Deno.test("meanShare() leaves out what does not occur", () => {
  assert.equal(meanShare([1, 2, 0, 0, 3, 3]), 75);
  assert.ok(Number.isNaN(meanShare([0, 0])));
});
