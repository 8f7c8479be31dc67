import assert from "node:assert/strict";
import { Float16Elements, MissingFloat16Array } from "../../lib/tensor/float16_array.ts";

Deno.test("Float16Elements is the engine's Float16Array, where it has one", () => {
  assert.equal(Float16Elements, Float16Array);
});

Deno.test("MissingFloat16Array says at every use what would have one", () => {
  const message = /no Float16Array; take Deno, Node 24 or a browser of 2025/;
  assert.throws(() => new MissingFloat16Array(), message);
  assert.throws(() => MissingFloat16Array.from(), message);
  assert.throws(() => MissingFloat16Array.of(), message);
});
