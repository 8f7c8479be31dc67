import assert from "node:assert/strict";
import { defaultMetric } from "../../lib/evaluate/default_metric.ts";
import { float32, type ValueType } from "../../lib/tensor/tensor.ts";
import { score } from "./scored.ts";

const output = (dims: ValueType["dims"], type: ValueType["type"] = "float32", name = "y") => ({
  name,
  type,
  dims,
});

Deno.test("defaultMetric() with labels is top-1 on the first output that can hold classes", () => {
  const name = (outputs: ValueType[]) => defaultMetric(outputs, true).name;
  assert.equal(name([output(["N", 10])]), "top-1");
  assert.equal(name([output([null, "classes"])]), "top-1");
  assert.equal(name([output(undefined)]), "top-1");
  assert.equal(name([output([1, 1000, 1, 1])]), "top-1");
  assert.equal(name([output(["N"], "int64")]), "top-1");
  const two = [output(["N", 1]), output(["N", 3], "float32", "z")];
  const outputs = { y: float32([1, 1], [5]), z: float32([1, 3], [0, 0, 1]) };
  assert.equal(score(defaultMetric(two, true), outputs, undefined, 2), 1);
  assert.throws(
    () => defaultMetric([output([1, 3, 224, "w"])], true),
    /UserError: Cannot compare labels with the network's outputs "y" \(float32 \[1, 3, 224, w\]\)/,
  );
});

Deno.test("defaultMetric() without labels is agreement for scores of classes, else SQNR", () => {
  const name = (...outputs: ValueType[]) => defaultMetric(outputs, false).name;
  assert.equal(name(output(["N", 10])), "agreement");
  assert.equal(name(output(["batch", "length", 2])), "agreement"); // a class per position
  assert.equal(name(output([1, 1000, 1, 1])), "agreement");
  assert.equal(name(output(["N", 10]), output(["N"], "int64", "id")), "agreement");
  assert.equal(name(output(["N"], "int64")), "agreement");
  assert.equal(name(output(["N", 1])), "SQNR"); // a probability, a count
  assert.equal(name(output(["N", "features"])), "SQNR"); // could be one
  assert.equal(name(output([1, 3, 672, 672])), "SQNR"); // a picture
  assert.equal(name(output([1, 1600, 1])), "SQNR");
  assert.equal(name(output(["N", 10]), output([2, "N", 128], "float32", "state")), "SQNR");
  assert.equal(name(output(undefined)), "SQNR");
});
