import assert from "node:assert/strict";
import { arrays } from "../../lib/data/arrays.ts";
import { select } from "../../lib/data/dataset.ts";
import { joinDatasets } from "../../lib/data/join_datasets.ts";
import { calibrationSplit, splitDataset } from "../../lib/data/split.ts";
import { stateful } from "../../lib/data/stateful.ts";
import { float32 } from "../../lib/tensor/tensor.ts";

/** Two sets of ten and five samples, of two values and of one. */
const prefill = arrays({ x: float32([10, 2], new Float32Array(20)) }, { name: "prefill.npz" });
const step = arrays({ x: float32([5, 1], [1, 2, 3, 4, 5]) }, {
  name: "step.npz",
  labels: [7, 8, 9, 8, 7],
});
const both = joinDatasets([{ name: "prefill", data: prefill }, { name: "step", data: step }]);
const counts = ({ parts }: typeof both) =>
  ["prefill", "step"].map((name) => parts!.filter((part) => part === name).length);

Deno.test("joinDatasets() is one data set, whose samples know their set", async () => {
  assert.deepEqual([both.name, both.length], ["prefill.npz + step.npz", 15]);
  assert.deepEqual((await both.sample(9)).x!.dims, [1, 2]);
  assert.deepEqual([...(await both.sample(12)).x!.data], [3]);
  assert.deepEqual([both.labels![9], both.labels![12]], [-1, 9]);
  assert.deepEqual(select(both, [12, 0]).parts, ["step", "prefill"]);
});

Deno.test("joinDatasets() gives a step one label of its position where others have many", () => {
  const labels = { type: "int32" as const, dims: [1, 2], data: Int32Array.of(3, 4) };
  const text = arrays({ x: float32([1, 2], [0, 0]) }, { labels });
  const { tokenLabels } = joinDatasets([{ name: "a", data: text }, { name: "b", data: step }]);
  assert.deepEqual(tokenLabels!.slice(0, 2).map((row) => [...row]), [[3, 4], [7]]);
});

Deno.test("splitDataset() takes of each set in proportion, in their order or not", () => {
  for (const shuffle of [true, false]) {
    const { calibration, selection, test } = splitDataset(both, { calibration: 6, shuffle });
    for (const [split, size] of [[calibration, 6], [selection, 4], [test, 5]] as const) {
      const [prompts, steps] = counts(split) as [number, number];
      assert.ok(prompts + steps === size && Math.abs(prompts - 2 * size / 3) <= 1, `${prompts}`);
    }
    assert.deepEqual(counts(calibrationSplit(both, 3, { shuffle }).calibration), [2, 1]);
  }
});

Deno.test("joinDatasets() refuses sequences, and two sets of one name", () => {
  const stream = stateful(step, { state: { y: "x" } });
  assert.throws(() => joinDatasets([{ name: "a", data: prefill }, { name: "b", data: stream }]), {
    message:
      'Cannot join prefill.npz + step.npz: "b" is made of sequences with a state; give it alone',
  });
  assert.throws(
    () => joinDatasets([{ name: "a", data: prefill }, { name: "a", data: step }]),
    /two sets are called "a"; give each its own name/,
  );
});
