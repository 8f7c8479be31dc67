import assert from "node:assert/strict";
import { dataLengths } from "../../lib/evaluate/data_lengths.ts";
import { parseGraph } from "../../lib/onnx/text.ts";

const varying = (text: string) => [...dataLengths(parseGraph(text))];

Deno.test("dataLengths() finds what NonZero leaves, and what follows from it", () => {
  assert.deepEqual(
    varying(`
      input x float32[N, 4]
      output y float32[n, 4]
      output z float32[N, 4]
      z = Relu(x)
      found = NonZero(z)
      rows = Transpose(found)
      y = GatherND(z, rows)`),
    ["found", "rows", "y"],
  );
});

Deno.test("dataLengths() follows durations that a network computes into the length of what it makes", () => {
  assert.deepEqual(
    varying(`
      input tokens int64[1, T]
      output wave float32[1, n]
      tensor table float32[9, 1] = [0, 1, 2, 3, 4, 5, 6, 7, 8]
      tensor zero int64[] = [0]
      tensor one int64[] = [1]
      e = Gather(table, tokens)
      frames = ReduceSum(e) {keepdims=0}
      count = Cast(frames) {to=7}
      steps = Range(zero, count, one)
      wave = Cast(steps) {to=1}`),
    ["steps", "wave"],
  );
});

Deno.test("dataLengths() takes shapes, and integers that are fed, for known", () => {
  assert.deepEqual(
    varying(`
      input x float32[N, 4]
      input length int64[]
      output a float32[N, 4]
      output b int64[n]
      tensor zero int64[] = [0]
      tensor one int64[] = [1]
      shape = Shape(x)
      a = Expand(x, shape)
      b = Range(zero, length, one)`),
    [],
  );
});
