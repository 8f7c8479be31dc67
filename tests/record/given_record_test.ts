import assert from "node:assert/strict";
import { baselineWords, givenValue } from "../../lib/record/given_record.ts";

const estimate = (value: number) => ({ value, low: value, high: value, n: 9 });

Deno.test("baselineWords() calls what is given float32, unless the record says that it is int8", () => {
  assert.equal(baselineWords({}).row, "float32 as given");
  assert.equal(baselineWords({ given: { form: "int8" } }).row, "the file as given");
});

Deno.test("givenValue() is the file's own where accuracy is against another network", () => {
  const baseline = { selection: estimate(100) };
  const accuracy = { split: "selection" as const, value: estimate(97), difference: estimate(-3) };
  assert.equal(givenValue({ baseline }).value, 100);
  const given = { form: "int8" as const, accuracy: { selection: accuracy } };
  assert.equal(givenValue({ baseline, given }).value, 97);
});
