import assert from "node:assert/strict";
import { canonicalJson, contentKey } from "../../lib/record/json.ts";

Deno.test("contentKey() is SHA-256 of the canonical JSON", () => {
  // printf '{"a":1}' | sha256sum
  const expected = "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862";
  assert.equal(contentKey({ a: 1 }), expected);
});

Deno.test("canonicalJson() sorts keys at every depth and keeps the order of lists", () => {
  assert.equal(
    canonicalJson({ b: [2, 1], a: { d: null, c: "é" } }),
    '{"a":{"c":"é","d":null},"b":[2,1]}',
  );
});

Deno.test("canonicalJson() refuses NaN, which JSON would make null", () => {
  assert.throws(() => canonicalJson([NaN]), RangeError);
});
