import assert from "node:assert/strict";
import { iou } from "../../../lib/evaluate/metrics/iou.ts";
import { float32, type Tensor } from "../../../lib/tensor/tensor.ts";
import { score } from "../scored.ts";

Deno.test("iou() is the mean over the classes of a map of scores", () => {
  // Of four positions float32 has classes 0 0 1 1, the other 0 1 1 1: 1/2 and 2/3.
  const map = (...classes: number[]) => ({
    seg: float32([1, 2, 2, 2], [...classes.map((id) => 1 - id), ...classes]),
  });
  assert.ok(Math.abs(score(iou(), map(0, 1, 1, 1), map(0, 0, 1, 1)) - 100 * 7 / 12) < 1e-9);
});

Deno.test("iou() of one channel counts what is marked: above 0.5 of odds, above 0 of logits", () => {
  const map = (...values: number[]) => ({ mask: float32([1, 1, 2, 2], values) });
  assert.equal(score(iou(), map(0.9, 0.9, 0.1, 0.1), map(0.9, 0.4, 0.1, 0.1)), 50);
  assert.equal(score(iou(), map(3, 3, -1, -1), map(3, -2, -1, -1)), 50);
  assert.equal(score(iou(), map(0, 0, 0, 0), map(0, 0, 0, 0)), 100); // nothing in either
});

Deno.test("iou() takes a map of classes as it is", () => {
  const map = (...ids: number[]): Record<string, Tensor> => ({
    classes: { type: "int64", dims: [1, 2, 2], data: BigInt64Array.from(ids, BigInt) },
  });
  assert.equal(score(iou(), map(0, 0, 5, 5), map(0, 5, 5, 5)), 100 * (1 / 2 + 2 / 3) / 2);
});

Deno.test("iou() says where there is no map", () => {
  assert.throws(() => score(iou(), { y: float32([1, 2], [0, 1]) }), /there is no map/);
});
