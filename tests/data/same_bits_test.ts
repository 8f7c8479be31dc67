import assert from "node:assert/strict";
import { sameBits } from "../../lib/data/same_bits.ts";
import { float32, type Tensor } from "../../lib/tensor/tensor.ts";

Deno.test("sameBits() tells type, shape and bits apart, wherever the elements lie in memory", () => {
  const x = float32([2], [1, 2]);
  const within: Tensor = { ...x, data: Float32Array.of(9, 1, 2).subarray(1) };
  assert.ok(sameBits(x, within));
  assert.ok(!sameBits(x, float32([2, 1], [1, 2])));
  assert.ok(!sameBits(x, float32([2], [1, 2 + 2 ** -22])));
  assert.ok(!sameBits(x, { type: "int32", dims: [2], data: Int32Array.of(1, 2) }));
  const word = (...data: string[]): Tensor => ({ type: "string", dims: [data.length], data });
  assert.ok(sameBits(word("a", "b"), word("a", "b")));
  assert.ok(!sameBits(word("a", "b"), word("ab", "")));
});
