import assert from "node:assert/strict";
import { samples } from "../../lib/data/dataset.ts";
import { writeNpz } from "../../lib/data/npz.ts";
import { npzDataset } from "../../lib/data/npz_dataset.ts";
import { float32, type Tensor, type ValueType } from "../../lib/tensor/tensor.ts";
import { inTempFolder } from "../temp_folder.ts";

const int64 = (dims: number[], ...values: number[]): Tensor<"int64"> => ({
  type: "int64",
  dims,
  data: BigInt64Array.from(values, BigInt),
});

const input = (name: string, ...dims: (string | number)[]): ValueType => ({
  name,
  type: "int64",
  dims,
});
const TEXT = [input("input_ids", "N", "T"), input("attention_mask", "N", "T")];

const read = (arrays: Record<string, Tensor>, inputs: readonly ValueType[]) =>
  inTempFolder(async (folder) => {
    await writeNpz(`${folder}/texts.npz`, arrays);
    const data = await npzDataset(`${folder}/texts.npz`, inputs);
    return { data, fed: await Array.fromAsync(samples(data)) };
  });

const PADDED = {
  input_ids: int64([2, 4], 5, 6, 0, 0, 7, 8, 9, 3),
  attention_mask: int64([2, 4], 1, 1, 0, 0, 1, 1, 1, 1),
};

Deno.test("npzDataset() cuts padding off where the network takes any length, labels with it", async () => {
  const labels = int64([2, 4], 6, 1, -100, -100, 8, 9, 3, 2);
  const { data, fed } = await read({ ...PADDED, labels }, TEXT);
  assert.deepEqual(fed.map(({ input_ids }) => [...input_ids!.data]), [[5n, 6n], [7n, 8n, 9n, 3n]]);
  assert.deepEqual(fed.map(({ attention_mask }) => attention_mask!.dims), [[1, 2], [1, 4]]);
  assert.deepEqual(data.tokenLabels!.map((row) => [...row]), [[6, 1], [8, 9, 3, 2]]);
  assert.match(data.notes!.join(), /of 1 of 2 samples: 2 to 2 positions are left of 4/);
});

Deno.test("npzDataset() leaves padding where the network's length is fixed, and says so", async () => {
  const fixed = [input("input_ids", 1, 4), input("attention_mask", 1, 4)];
  const { data, fed } = await read(PADDED, fixed);
  assert.deepEqual(fed[0]!.input_ids!.dims, [1, 4]);
  assert.match(data.notes!.join(), /length is fixed, so ranges are also of padding/);
  const full = { ...PADDED, attention_mask: int64([2, 4], 1, 1, 1, 1, 1, 1, 1, 1) };
  assert.equal((await read(full, TEXT)).data.notes, undefined);
});

Deno.test("npzDataset() takes an array for each sample, which differ in length", async () => {
  const inputs = [
    input("input_ids", "N", "T"),
    { name: "x", type: "float32", dims: ["N", "T"] } as const,
  ];
  const ragged = {
    "input_ids/1": int64([1, 3], 4, 5, 6),
    "input_ids/0": int64([2], 1, 2), // a rank less: a batch of one
    "x/0": float32([2], [0.5, 1]),
    "x/1": float32([3], [2, 3, 4]),
  };
  const { data, fed } = await read({ ...ragged, labels: int64([2], 3, 1) }, inputs);
  assert.deepEqual(fed.map(({ input_ids }) => input_ids!.dims), [[1, 2], [1, 3]]);
  assert.deepEqual([...fed[1]!.x!.data], [2, 3, 4]);
  assert.deepEqual([...data.labels!], [3, 1]);
  const labels = { "labels/0": int64([2], 2, -100), "labels/1": int64([3], 5, 6, 7) };
  const tokens = (await read({ ...ragged, ...labels }, inputs)).data.tokenLabels!;
  assert.deepEqual(tokens.map((row) => [...row]), [[2, -1], [5, 6, 7]]);
  await assert.rejects(read({ ...ragged, "x/2": float32([1], [1]) }, inputs), {
    message:
      'Cannot use texts.npz: it has no array "input_ids/2", but others of sample 2 or later; samples ' +
      "are counted from 0, and each has an array for every input",
  });
});
