import assert from "node:assert/strict";
import { fit } from "../../../lib/data/text/fit.ts";

Deno.test("fit() keeps what a tokenizer adds, and the beginning of the text", () => {
  assert.deepEqual(fit([2, 5, 6, 7, 3], [[5, 6, 7]], 4), [0, 1, 2, 4]);
  assert.deepEqual(fit([2, 5, 6, 7, 3], [[5, 6, 7]], 2), [0, 4]);
  assert.deepEqual(fit([2, 5, 3], [[5]], 1), [0, 2], "more than there is room for");
  assert.deepEqual(fit([5, 6, 7], [[5, 6, 7]], 2), [0, 1]);
});

Deno.test("fit() cuts the longer of two texts, and both where half is too much", () => {
  const places = (a: number, b: number, most: number) => {
    const [one, two] = [Array(a).fill(7), Array(b).fill(8)];
    const kept = fit([2, ...one, 3, ...two, 3], [one, two], most);
    return [kept.filter((i) => i > 0 && i <= a).length, kept.filter((i) => i > a + 1).length - 1];
  };
  assert.deepEqual(places(2, 6, 8), [2, 3]);
  assert.deepEqual(places(6, 2, 8), [3, 2]);
  assert.deepEqual(places(6, 6, 8), [2, 3]);
  assert.deepEqual(places(7, 6, 8), [3, 2]);
});

Deno.test("fit() cuts the end of what does not hold the text as it is alone", () => {
  assert.deepEqual(fit([2, 9, 6, 3], [[5, 6]], 3), [0, 1, 2]);
});
