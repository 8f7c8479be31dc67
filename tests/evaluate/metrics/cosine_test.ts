import assert from "node:assert/strict";
import { cosine } from "../../../lib/evaluate/metrics/cosine.ts";
import { float32 } from "../../../lib/tensor/tensor.ts";
import { score } from "../scored.ts";

Deno.test("cosine() is that of the angle, and of zero vectors 1 or 0", () => {
  const of = (...values: number[]) => ({ y: float32([2], values) });
  assert.ok(Math.abs(score(cosine(), of(1, 1), of(1, 0)) - Math.SQRT1_2) < 1e-9);
  assert.equal(score(cosine(), of(-2, 0), of(1, 0)), -1);
  assert.equal(score(cosine(), of(0, 0), of(0, 0)), 1);
  assert.equal(score(cosine(), of(1, 0), of(0, 0)), 0);
});
