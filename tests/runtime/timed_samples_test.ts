import assert from "node:assert/strict";
import { arrays } from "../../lib/data/arrays.ts";
import { stateful } from "../../lib/data/stateful.ts";
import { parseModel } from "../../lib/onnx/parse_model.ts";
import { timedSamples } from "../../lib/runtime/timed_samples.ts";
import { float32 } from "../../lib/tensor/tensor.ts";
import { pacedRuntime } from "../task/tiny.ts";

/** A past that grows by what it is fed. */
const model = parseModel(
  "input x float32[1, 1]; input past float32[1, P]; output present float32[1, Q]; present = Concat(past, x) {axis=1}",
);

Deno.test("timedSamples() spreads over a sequence, with the past that there is; else takes the first", async () => {
  const options = { model, runtime: pacedRuntime() };
  const x = float32([8, 1], [0, 1, 2, 3, 4, 5, 6, 7]);
  const past = float32([8, 0], []);
  const steps = arrays({ x, past });
  const lengths = { state: { present: "past" }, lengths: [7, 1] };
  const ofStream = await timedSamples(stateful(steps, lengths), 3, options);
  assert.deepEqual(ofStream.map((feeds) => feeds.past!.dims[1]), [0, 3, 6]);
  assert.deepEqual([...ofStream[1]!.past!.data], [0, 1, 2]);
  const first = await timedSamples(steps, 3, options);
  assert.deepEqual(first.map((feeds) => feeds.x!.data[0]), [0, 1, 2]);
});
