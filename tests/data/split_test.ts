import assert from "node:assert/strict";
import { arrays } from "../../lib/data/arrays.ts";
import type { Dataset } from "../../lib/data/dataset.ts";
import { calibrationSplit, splitDataset, type Splits } from "../../lib/data/split.ts";
import { float32 } from "../../lib/tensor/tensor.ts";

/** A data set of n samples whose only value is their index. */
function numbered(n: number, labels?: number[]): Dataset {
  const x = float32([n, 1], Array.from({ length: n }, (_, i) => i));
  return arrays({ x }, { name: "numbers", ...(labels && { labels }) });
}

async function members(dataset: Dataset): Promise<number[]> {
  const list = [];
  for (let i = 0; i < dataset.length; i++) {
    list.push(Number((await dataset.sample(i)).x!.data[0]));
  }
  return list;
}

const sizes = ({ calibration, selection, test }: Splits) => [
  calibration.length,
  selection.length,
  test.length,
];

Deno.test("splitDataset() by default gives 40 %, at most 200, and halves the rest", () => {
  assert.deepEqual(sizes(splitDataset(numbered(3))), [1, 1, 1]);
  assert.deepEqual(sizes(splitDataset(numbered(80))), [32, 24, 24]);
  assert.deepEqual(sizes(splitDataset(numbered(1000))), [200, 400, 400]);
  assert.deepEqual(sizes(splitDataset(numbered(1001))), [200, 400, 401]);
});

Deno.test("splitDataset() takes sizes and fractions", () => {
  const hundred = numbered(100);
  assert.deepEqual(sizes(splitDataset(hundred, { calibration: 10 })), [10, 45, 45]);
  assert.deepEqual(sizes(splitDataset(hundred, { calibration: 0.29, test: 0.5 })), [29, 21, 50]);
  assert.deepEqual(sizes(splitDataset(hundred, { selection: 20 })), [40, 20, 40]);
  const all = { calibration: 5, selection: 6, test: 7 };
  assert.deepEqual(sizes(splitDataset(hundred, all)), [5, 6, 7]);
});

Deno.test("splitDataset() shares no sample between splits and loses none", async () => {
  const splits = splitDataset(numbered(101), { seed: 3 });
  const lists = await Promise.all(
    [splits.calibration, splits.selection, splits.test].map(members),
  );
  assert.deepEqual(lists.flat().sort((a, b) => a - b), [...Array(101).keys()]);
});

Deno.test("splitDataset() depends on the seed alone", async () => {
  const draw = (seed: number) => members(splitDataset(numbered(50), { seed }).test);
  assert.deepEqual(await draw(1), await draw(1));
  assert.notDeepEqual(await draw(1), await draw(2));
  // These must never change: the accuracies of stored studies hang on them.
  assert.deepEqual(await members(splitDataset(numbered(10)).calibration), [0, 5, 4, 1]);
});

Deno.test("splitDataset() spreads each class over the splits in proportion", () => {
  // Sorted by class, as files often are: 60 of class 0, 30 of class 1, 10 without.
  const labels = [...Array(60).fill(0), ...Array(30).fill(1), ...Array(10).fill(-1)];
  const { calibration, selection, test } = splitDataset(numbered(100, labels));
  const counts = [calibration, selection, test].map(({ labels }) =>
    [0, 1, -1].map((label) => labels!.filter((other) => other === label).length)
  );
  const expected = [[24, 12, 4], [18, 9, 3], [18, 9, 3]];
  counts.flat().forEach((count, i) => assert.ok(Math.abs(count - expected.flat()[i]!) <= 1));
});

Deno.test("splitDataset() without shuffle keeps runs in order", async () => {
  const { calibration, selection, test } = splitDataset(numbered(10), { shuffle: false });
  assert.deepEqual(await members(calibration), [0, 1, 2, 3]);
  assert.deepEqual(await members(selection), [4, 5, 6]);
  assert.deepEqual(await members(test), [7, 8, 9]);
});

Deno.test("splitDataset() names the split that would be empty, with the counts", () => {
  const refuse = (n: number, options: object, message: RegExp) =>
    assert.throws(() => splitDataset(numbered(n), options), { name: "UserError", message });
  refuse(2, {}, /2 samples leave the selection split empty \(calibration 1, selection 0, test 1\)/);
  refuse(9, { calibration: 0 }, /leave the calibration split empty \(calibration 0, selection 4/);
  refuse(9, { calibration: 0.01 }, /the calibration split empty/);
  refuse(9, { test: 0 }, /the test split empty/);
  refuse(9, { calibration: 5, test: 5 }, /has 9 samples, and calibration 5, .* test 5 is more/);
  refuse(9, { test: -1 }, /size of the test split must be a number of samples .* got -1/);
  refuse(9, { test: 2.5 }, /got 2\.5/);
});

Deno.test("splitDataset() names the splits after the whole", () => {
  const splits = splitDataset(numbered(9));
  assert.equal(splits.test.name, "numbers (test)");
  assert.deepEqual([splits.name, splits.seed], ["numbers", 0]);
});

Deno.test("splitDataset() balanced has equally many samples of every class in every split", () => {
  const labels = [...Array(60).fill(0), ...Array(12).fill(1), ...Array(20).fill(2), -1, -1];
  const data = numbered(labels.length, labels);
  for (const shuffle of [true, false]) {
    const splits = splitDataset(data, { balanced: true, calibration: 12, test: 0.25, shuffle });
    assert.deepEqual(sizes(splits), [12, 15, 9]); // of 36
    const all = [splits.calibration, splits.selection, splits.test].flatMap(({ labels }) => [
      ...labels!,
    ]);
    assert.deepEqual([0, 1, 2, -1].map((c) => all.filter((l) => l === c).length), [12, 12, 12, 0]);
  }
  const { calibration } = splitDataset(data, { balanced: true, calibration: 12 });
  const counts = [0, 1, 2].map((c) => calibration.labels!.filter((label) => label === c).length);
  assert.ok(counts.every((count) => Math.abs(count - 4) <= 1), `${counts}`);
});

Deno.test("splitDataset() cannot balance what has no labels", () => {
  assert.throws(() => splitDataset(numbered(9), { balanced: true }), {
    name: "UserError",
    message: 'Cannot balance the classes of numbers: no sample has a label; leave out "balanced"',
  });
});

Deno.test("calibrationSplit() draws as splitDataset() does, and gives all the rest", async () => {
  const data = numbered(10);
  const { calibration, rest } = calibrationSplit(data, 4);
  const splits = splitDataset(data, { calibration: 4, selection: 3, test: 3 });
  assert.deepEqual(await members(calibration), await members(splits.calibration));
  assert.deepEqual(await members(rest!), [
    ...await members(splits.selection),
    ...await members(splits.test),
  ]);
  const inOrder = calibrationSplit(data, 2, { shuffle: false });
  assert.deepEqual(await members(inOrder.calibration), [0, 1]);
  assert.equal(inOrder.rest!.length, 8);
  assert.equal(calibrationSplit(data, 12).rest, undefined);
});
