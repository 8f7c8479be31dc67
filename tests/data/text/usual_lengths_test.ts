import assert from "node:assert/strict";
import { usualLengths } from "../../../lib/data/text/usual_lengths.ts";
import type { ValueType } from "../../../lib/tensor/tensor.ts";

const input = (name: string, ...dims: (number | string)[]): ValueType => ({
  ...{ name, type: "int64", dims },
});

Deno.test("usualLengths() gives open texts 128 tokens, or as many as one of them is known to have", () => {
  const texts = [input("input_ids", "batch", "seq"), input("attention_mask", "batch", "seq")];
  const { inputs, filled } = usualLengths(texts);
  assert.deepEqual(inputs.map(({ dims }) => dims), [["batch", 128], ["batch", 128]]);
  assert.deepEqual(filled, ["input_ids", "attention_mask"]);
  const known = usualLengths([input("input_ids", 1, 64), texts[1]!]);
  assert.deepEqual(known.inputs.map(({ dims }) => dims), [[1, 64], ["batch", 64]]);
  assert.deepEqual(known.filled, ["attention_mask"]);
});

Deno.test("usualLengths() leaves what is no text, or has more to it than a length", () => {
  const others = [
    input("frames", "batch", "time"),
    input("past_key_values.0.key", "batch", "past"),
    input("attention_mask", "batch", 1, "seq", "seq"),
    input("input_ids", "batch", 16),
  ];
  const { inputs, filled } = usualLengths(others);
  assert.deepEqual(inputs, others);
  assert.deepEqual(filled, []);
});
