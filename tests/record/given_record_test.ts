import assert from "node:assert/strict";
import { baselineWords, givenValue, subjectText } from "../../lib/record/given_record.ts";

const estimate = (value: number) => ({ value, low: value, high: value, n: 9 });

Deno.test("baselineWords() calls what is given float32, unless the record says that it is int8", () => {
  assert.equal(baselineWords({}).row, "float32 as given");
  const given = { form: "int8" as const };
  assert.equal(baselineWords({ given }).row, "the file as given");
  const reference = { name: "float32.onnx", hash: "", bytes: 9 };
  const beside = baselineWords({ given: { ...given, reference } });
  assert.deepEqual([beside.model, beside.outputs], ["the given file", "float32"]);
  assert.deepEqual([beside.network, beside.reference], ["the given file", "the float32 network"]);
});

Deno.test("subjectText() says behind the name of an int8 file what its layers were", () => {
  assert.equal(subjectText("a.onnx", {}), "a.onnx");
  assert.equal(subjectText("a.onnx", { given: { form: "int8" } }), "a.onnx (int8 already)");
  const given = { form: "int8" as const, layers: "3 layers dynamic" };
  assert.equal(subjectText("a.onnx", { given }), "a.onnx (int8 already: 3 layers dynamic)");
});

Deno.test("givenValue() is the file's own where accuracy is against another network", () => {
  const baseline = { selection: estimate(100) };
  const accuracy = { split: "selection" as const, value: estimate(97), difference: estimate(-3) };
  assert.equal(givenValue({ baseline }).value, 100);
  const given = { form: "int8" as const, accuracy: { selection: accuracy } };
  assert.equal(givenValue({ baseline, given }).value, 97);
});
