import assert from "node:assert/strict";
import { atLength } from "../../lib/data/at_length.ts";
import type { Tensor, ValueType } from "../../lib/tensor/tensor.ts";
import { float32 } from "../../lib/tensor/tensor.ts";

const int64 = (dims: number[], ...values: number[]): Tensor<"int64"> => ({
  type: "int64",
  dims,
  data: BigInt64Array.from(values, BigInt),
});
const input = (
  name: string,
  type: "int64" | "float32",
  ...dims: (string | number)[]
): ValueType => ({
  ...{ name, type, dims },
});

Deno.test("atLength() cuts or repeats tokens, counts positions on, and masks nothing", () => {
  const inputs = [
    input("attention_mask", "int64", "N", "past + T"),
    input("input_ids", "int64", "N", "T"),
    input("position_ids", "int64", "N", "T"),
    input("past", "float32", "N", "P", 2),
  ];
  const feeds = {
    attention_mask: int64([1, 4], 0, 1, 1, 1),
    input_ids: int64([1, 3], 7, 8, 9),
    position_ids: int64([1, 3], 1, 2, 3),
    past: float32([1, 1, 2], [5, 6]),
  };
  const long = atLength(feeds, inputs, 5);
  assert.deepEqual(long.input_ids, int64([1, 5], 7, 8, 9, 7, 8));
  assert.deepEqual(long.position_ids, int64([1, 5], 1, 2, 3, 4, 5));
  assert.deepEqual(long.attention_mask, int64([1, 6], 1, 1, 1, 1, 1, 1)); // of the past too
  assert.deepEqual(long.past, feeds.past);
  assert.deepEqual(atLength(feeds, inputs, 2).input_ids, int64([1, 2], 7, 8));
});

Deno.test("atLength() changes an inner axis, and refuses a network of fixed length", () => {
  const sound = { x: float32([1, 3, 2], [1, 2, 3, 4, 5, 6]) };
  const { x } = atLength(sound, [input("x", "float32", "N", 3, "T")], 3);
  assert.deepEqual([x!.dims, [...x!.data]], [[1, 3, 3], [1, 2, 1, 3, 4, 3, 5, 6, 5]]);
  assert.throws(
    () => atLength(sound, [input("x", "float32", "N", 3, 2)], 3),
    /^UserError: Cannot time at length 3: the network leaves no length open, its inputs are "x" \[N, 3, 2\]/,
  );
});
