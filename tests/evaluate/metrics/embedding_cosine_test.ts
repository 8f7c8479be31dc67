import assert from "node:assert/strict";
import { embeddingCosine } from "../../../lib/evaluate/metrics/embedding_cosine.ts";
import { float32 } from "../../../lib/tensor/tensor.ts";
import { score } from "../scored.ts";

/** Two tokens of two channels. */
const hidden = (...values: number[]) => ({ y: float32([1, values.length / 2, 2], values) });

Deno.test("embeddingCosine() is that of the means over tokens, or of the first token", () => {
  // Means [2, 0] and [1, 1]: 45 degrees. First tokens [1, 0] and [0, 2]: 90 degrees.
  const [ours, theirs] = [hidden(1, 0, 3, 0), hidden(0, 2, 2, 0)];
  assert.ok(Math.abs(score(embeddingCosine(), ours, theirs) - Math.SQRT1_2) < 1e-9);
  assert.equal(score(embeddingCosine({ pooling: "first" }), ours, theirs), 0);
});

Deno.test("embeddingCosine() takes a row as it is, and refuses another number of channels", () => {
  const row = (...values: number[]) => ({ y: float32([1, values.length], values) });
  assert.ok(Math.abs(score(embeddingCosine(), row(3, 4), row(4, 3)) - 24 / 25) < 1e-9);
  assert.throws(
    () => score(embeddingCosine(), row(1), row(1, 2)),
    /^Error: its embedding has 1 channels, but float32's 2$/,
  );
  assert.throws(() => score(embeddingCosine({ output: "z" }), row(1)), /there is no output "z"/);
});
