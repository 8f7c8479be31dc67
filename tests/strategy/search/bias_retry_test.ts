import assert from "node:assert/strict";
import type { Assignment } from "../../../lib/record/recipe.ts";
import { withBiasCorrection } from "../../../lib/strategy/search/bias_retry.ts";
import { STRAIGHT } from "./made_up.ts";

const recipe: Assignment = {
  kind: "assignment",
  base: "fused",
  forms: { conv1: { kind: "static", kernels: "any" }, conv2: { kind: "weightOnly" } },
  int8Tensors: ["x"],
  observers: {},
};

/** @param maxDrop In the metric's unit; by the curve, drop and noise are in proportion. */
const retry = (drop: number, maxDrop: number, of = recipe) =>
  withBiasCorrection(of, drop, maxDrop, STRAIGHT);

Deno.test("what misses the budget by less than bias correction may save is tried again with it", () => {
  assert.deepEqual(retry(2, 1), { ...recipe, corrections: ["bias"] });
});

Deno.test("bias correction is expected to divide the noise by 5.6 at most", () => {
  assert.ok(retry(5.62, 1));
  assert.equal(retry(5.63, 1), undefined);
});

Deno.test("what keeps the budget is not tried again, be it by a hair", () => {
  assert.equal(retry(0.5, 1), undefined);
  assert.equal(retry(94.6 - 94.1, 0.5), undefined); // above 0.5 in binary
});

Deno.test("nothing is corrected twice", () => {
  assert.equal(retry(2, 1, { ...recipe, corrections: ["bias"] }), undefined);
  assert.ok(retry(2, 1, { ...recipe, corrections: [] }));
});

Deno.test("without a static layer there is no bias to correct", () => {
  const forms: Assignment["forms"] = { conv1: { kind: "dynamic" }, conv2: { kind: "weightOnly" } };
  assert.equal(retry(2, 1, { ...recipe, forms }), undefined);
});
