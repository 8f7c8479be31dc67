import assert from "node:assert/strict";
import { arrays } from "../../../lib/data/arrays.ts";
import { openRuntime } from "../../../lib/runtime/open_runtime.ts";
import type { Tensor } from "../../../lib/tensor/tensor.ts";
import { noteOnFloats } from "../../../scripts/cli/float_types.ts";
import { modelOf, random } from "../../passes/fixtures.ts";

const TEXT = (type: string) => `input x ${type}[N, 8]\noutput y ${type}[N, 4]\ny = MatMul(x, w)`;

Deno.test("noteOnFloats() tells what float32 makes of a float64 network", async () => {
  await using runtime = openRuntime({ workers: 0 });
  const w: Tensor = {
    type: "float64",
    dims: [8, 4],
    data: Float64Array.from(random([8, 4], 1).data),
  };
  const model = modelOf(TEXT("float64"), { w });
  const x: Tensor = { type: "float64", dims: [3, 8], data: new Float64Array(24).fill(0.1) };
  const [note] = await noteOnFloats(model, arrays({ x }), runtime);
  assert.match(
    note!,
    /^tiny\.onnx holds numbers of float64\. .* keep their types\. By itself that makes an SQNR of 1[345]\d\.\d dB\.$/,
  );
  const [without] = await noteOnFloats(model, undefined, runtime);
  assert.match(without!, /; --data PATH shows what that costs by itself\.$/);
});

Deno.test("noteOnFloats() says of float16 that it is stored so, and nothing of float32", async () => {
  await using runtime = openRuntime({ workers: 0 });
  const w: Tensor = {
    type: "float16",
    dims: [8, 4],
    data: Float16Array.from(random([8, 4], 1).data),
  };
  const [note] = await noteOnFloats(modelOf(TEXT("float16"), { w }), undefined, runtime);
  assert.match(
    note!,
    /^tiny\.onnx holds numbers of float16\. What is not int8 computes in float32 here, from/,
  );
  const plain = modelOf(TEXT("float32"), { w: random([8, 4], 1) });
  assert.deepEqual(await noteOnFloats(plain, undefined, runtime), []);
});
