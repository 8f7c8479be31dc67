import assert from "node:assert/strict";
import { UsageError } from "../../../lib/errors.ts";
import type { ValueType } from "../../../lib/tensor/tensor.ts";
import { withShapes } from "../../../scripts/cli/asked_shapes.ts";

const image: ValueType = { name: "image", type: "float32", dims: ["N", 3, "H", "W"] };
const size: ValueType = { name: "size", type: "int64", dims: ["N", 2] };
const shaped = (...asked: string[]) => withShapes([image, size], asked, "net.onnx");

Deno.test("withShapes() fills in what a network leaves open; the batch may stay so", () => {
  const [first, second] = shaped("image=1,3,32,48");
  assert.deepEqual([first!.dims, second!.dims], [[1, 3, 32, 48], ["N", 2]]);
  assert.deepEqual(shaped("size=4,2", "image=4,3,8,8").map(({ dims }) => dims), [
    ...[[4, 3, 8, 8], [4, 2]],
  ]);
  const any: ValueType = { name: "a=b", type: "float32" };
  assert.deepEqual(withShapes([any], ["a=b=5"], "net.onnx")[0]!.dims, [5]);
});

Deno.test("withShapes() says in one message what is wrong with a shape", () => {
  const wrong = (message: RegExp, ...asked: string[]) =>
    assert.throws(() => shaped(...asked), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, message);
      return true;
    });
  wrong(/^Cannot .* give --shape image=1,3,…,…, or samples \(--data samples\.npz\)$/);
  wrong(
    /imag=1,3,8,8 is of no input: net\.onnx has image, size; did you mean image\?/,
    "imag=1,3,8,8",
  );
  wrong(
    /whose image is float32 \[N, 3, H, W\]: give 4 dimensions, not those of \[3, 8, 8\]/,
    "image=3,8,8",
  );
  wrong(/image=1,4,8,8 does not fit .*: its numbers are fixed/, "image=1,4,8,8");
  wrong(/^Two shapes are given for size: give one --shape$/, "size=1,2", "size=1,2");
  for (
    const text of ["image", "=1,3", "image=", "image=1,3,8.5,8", "image=1,0,8,8", "image=1,x,8,8"]
  ) {
    wrong(/ is no shape: name the input and give a whole number of at least 1 for each dim/, text);
  }
});
