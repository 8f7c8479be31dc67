import assert from "node:assert/strict";
import { noise } from "../../lib/data/noise.ts";

Deno.test("noise() gives the same floats between 0 and 1 every time, and zeros for integers", () => {
  const inputs = [
    { name: "x", type: "float32", dims: [2, 3] },
    { name: "length", type: "int64", dims: [] },
  ] as const;
  const { x, length } = noise(inputs, "net.onnx");
  assert.deepEqual(noise(inputs, "net.onnx").x, x);
  assert.deepEqual(x!.dims, [2, 3]);
  const values = [...x!.data as Float32Array];
  assert.ok(values.every((value) => value >= 0 && value < 1) && new Set(values).size === 6);
  assert.deepEqual([...length!.data as BigInt64Array], [0n]);
});

Deno.test("noise() makes a batch of 1 where the first axis is left open", () => {
  for (const open of ["N", null]) {
    const { x } = noise([{ name: "x", type: "float32", dims: [open, 2] }], "net.onnx");
    assert.deepEqual(x!.dims, [1, 2]);
    assert.equal(x!.data.length, 2);
  }
});

Deno.test("noise() refuses an input whose shape is open, and says which", () => {
  const refuse = (dims: readonly (number | string | null)[] | undefined, shape: string) =>
    assert.throws(() => noise([{ name: "x", type: "float32", dims }], "net.onnx"), {
      name: "UserError",
      message:
        `Cannot make up an input for net.onnx: "x" is float32 ${shape}, and time depends on ` +
        `its shape; give samples (--data samples.npz)`,
    });
  refuse([1, "frames", null], "[1, frames, ?]");
  refuse(undefined, "of any rank");
});
