import assert from "node:assert/strict";
import { cosine } from "../../lib/evaluate/metrics/cosine.ts";
import { sqnr } from "../../lib/evaluate/metrics/sqnr.ts";
import { MAX_SQNR } from "../../lib/record/metric_info.ts";
import { float32 } from "../../lib/tensor/tensor.ts";
import { classId, score } from "./scored.ts";

Deno.test("sqnr() and cosine() take the worst float output, or those asked for", () => {
  const reference = { big: float32([2], [1000, 1000]), small: float32([2], [1, 1]) };
  const outputs = { big: float32([2], [1000, 1000]), small: float32([2], [1, -1]) };
  assert.ok(Math.abs(score(sqnr(), outputs, reference) - 10 * Math.log10(0.5)) < 1e-9);
  assert.equal(score(cosine(), outputs, reference), 0);
  assert.equal(score(cosine({ outputs: ["big"] }), outputs, reference), 1);
  const counted = { ...reference, n: classId(3n) };
  assert.equal(score(sqnr(), { ...reference, n: classId(4n) }, counted), MAX_SQNR);
});
