import assert from "node:assert/strict";
import { arrays } from "../../lib/data/arrays.ts";
import { joinDatasets } from "../../lib/data/join_datasets.ts";
import { parseModel } from "../../lib/onnx/parse_model.ts";
import { timingCases } from "../../lib/runtime/timing_cases.ts";
import { float32 } from "../../lib/tensor/tensor.ts";
import { pacedRuntime } from "../task/tiny.ts";

const model = parseModel("input x float32[N, T]; output y float32[N, T]; y = Sin(x)");
const data = arrays({ x: float32([3, 2], [1, 2, 3, 4, 5, 6]) });

Deno.test("timingCases() are the first samples, or these at each length, shortest first", async () => {
  const options = { model, runtime: pacedRuntime(), count: 2 };
  const [own, ...more] = await timingCases(data, options);
  assert.deepEqual([own!.name, own!.samples.length, more], [undefined, 2, []]);
  const cases = await timingCases(data, { ...options, lengths: [5, 1, 5] });
  assert.deepEqual(cases.map(({ name, length }) => [name, length]), [["length 1", 1], [
    "length 5",
    5,
  ]]);
  assert.deepEqual(cases[1]!.samples.map(({ x }) => x!.dims), [[1, 5], [1, 5]]);
  assert.deepEqual(await timingCases(data, { ...options, count: 0, lengths: [5] }), []);
});

Deno.test("timingCases() are each of several sets by itself, and the first at the lengths", async () => {
  const step = arrays({ x: float32([1, 1], [7]) });
  const both = joinDatasets([{ name: "prefill", data }, { name: "step", data: step }]);
  const options = { model, runtime: pacedRuntime(), count: 2 };
  const shapes = async (lengths?: number[]) =>
    (await timingCases(both, { ...options, lengths })).map(({ name, samples }) => [
      name,
      ...samples.map(({ x }) => x!.dims[1]),
    ]);
  assert.deepEqual(await shapes(), [["prefill", 2, 2], ["step", 1]]);
  assert.deepEqual(await shapes([4]), [["prefill", 2, 2], ["step", 1], ["length 4", 4, 4]]);
});
