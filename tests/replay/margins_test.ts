import assert from "node:assert/strict";
import { assertAlmostEquals } from "@std/assert";
import { margin, safeMargin, shift } from "../../lib/replay/margins.ts";
import { float32 } from "../../lib/tensor/tensor.ts";
import { row } from "./fake_replay.ts";

Deno.test("margin() is the lead of the first class over the second", () => {
  assert.equal(margin(row(1, 4, 2.5)), 1.5);
  assert.equal(margin(row(2, 2, 0)), 0, "a tie");
});

Deno.test("margin() is that of the position where it is least", () => {
  const positions = { y: float32([1, 3, 2], [5, 1, 0, 0.5, -3, -1]) };
  assert.equal(margin(positions), 0.5);
});

Deno.test("margin() reads the output that it is told, and no other", () => {
  const two = { a: float32([1, 2], [3, 0]), b: float32([1, 2], [0, 1]) };
  assert.deepEqual([margin(two), margin(two, { output: "b" })], [3, 1]);
  assert.throws(() => margin(two, { output: "c" }), /there is no output "c"/);
});

Deno.test("margin() knows no lead of an output that is the class itself", () => {
  assert.equal(margin({ y: { type: "int32", dims: [1], data: Int32Array.of(2) } }), NaN);
});

Deno.test("shift() is how far the lead over any class moved, in either direction", () => {
  assert.equal(shift(row(3, 1, 0), row(3, 1, 0)), 0);
  assert.equal(shift(row(3, 1, 0), row(2, 1.5, 0)), 1.5, "the first fell by 1, the second rose");
  assert.equal(shift(row(3, 1, 0), row(3, 1, -2)), 2, "a lead that grew");
  assert.equal(shift(row(3, 1, 0), row(4, 2, 1)), 0, "all moved alike");
});

Deno.test("shift() looks at every position, from the class that was chosen there before", () => {
  const before = { y: float32([1, 2, 2], [1, 0, 0, 1]) };
  const after = { y: float32([1, 2, 2], [1, 0.25, 0, 0.5]) };
  assert.equal(shift(before, after), 0.5);
});

Deno.test("safeMargin() is half as much again as shifts that are all alike", () => {
  assertAlmostEquals(safeMargin([0.2, 0.2, 0.2, 0.2]), 0.3, 1e-12);
  assertAlmostEquals(safeMargin([0, 0.2, 0]), 0.3, 1e-12, "what did not move tells no spread");
  assert.equal(safeMargin([0, 0]), 0);
  assert.equal(safeMargin([]), 0);
});

Deno.test("safeMargin() is the tolerance limit of the logarithms, as tables give it", () => {
  // Logarithms of 1 and -1, ten of each: mean 0, deviation √(20 / 19). The factor of a one-sided limit
  // that holds 99.9 % of normal values at 95 %, from 20 of them, is 4.319 (exact; this one is within 1 %).
  const shifts = Array.from({ length: 20 }, (_, i) => Math.exp(i % 2 === 0 ? 1 : -1));
  const factor = Math.log(safeMargin(shifts)) / Math.sqrt(20 / 19);
  assertAlmostEquals(factor, 4.319, 0.043);
});

Deno.test("safeMargin() lets nothing be left out where two shifts say nothing of the rest", () => {
  assert.equal(safeMargin([0.1, 0.2]), Infinity);
});
