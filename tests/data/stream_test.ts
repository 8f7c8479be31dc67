import assert from "node:assert/strict";
import { arrays } from "../../lib/data/arrays.ts";
import { type Dataset, select, slice } from "../../lib/data/dataset.ts";
import { splitDataset } from "../../lib/data/split.ts";
import { stateful, type StatefulOptions } from "../../lib/data/stateful.ts";
import { meanBySequence } from "../../lib/data/stream.ts";
import { float32 } from "../../lib/tensor/tensor.ts";

const H = { name: "h", type: "float32", dims: [1, 2] } as const;

/** The numbers 0..n-1, one per step, and a state "h". */
function steps(n: number, options: Partial<StatefulOptions> = {}): Dataset {
  const x = float32([n, 1], Array.from({ length: n }, (_, i) => i));
  const data = arrays({ x }, { name: "steps" });
  return stateful(data, { state: { h_out: "h" }, inputs: [H], ...options });
}

async function members(dataset: Dataset): Promise<number[]> {
  const feeds = await Promise.all(Array.from({ length: dataset.length }, (_, i) => {
    return dataset.sample(i);
  }));
  return feeds.map(({ x }) => Number(x!.data[0]));
}

Deno.test("stateful() cuts a data set into sequences", () => {
  assert.deepEqual(steps(7).stream!.lengths, [7]);
  assert.deepEqual(steps(7, { lengths: 3 }).stream!.lengths, [3, 3, 1]);
  assert.deepEqual(steps(7, { lengths: [2, 5] }).stream!.lengths, [2, 5]);
});

Deno.test("stateful() begins with what is given, what the sample holds, or zeros", async () => {
  const own = arrays({ x: float32([2, 1], [1, 2]), h: float32([2, 1, 2], [3, 4, 5, 6]) }, {
    inputs: [{ name: "x", type: "float32", dims: ["n", 1] }, H],
  });
  const initial = { h: float32([1, 2], [8, 9]) };
  const begin = async (data: Dataset) => [...(await data.sample(0)).h!.data];
  assert.deepEqual(await begin(stateful(own, { state: { o: "h" }, initial })), [8, 9]);
  assert.deepEqual(await begin(stateful(own, { state: { o: "h" } })), [3, 4]);
  assert.deepEqual(await begin(steps(3)), [0, 0]);
});

Deno.test("stateful() takes a dynamic dimension for 1 only where it is the batch", async () => {
  const x = { name: "x", type: "float32", dims: ["batch", 1] } as const;
  const h = (dim: string) => ({ name: "h", type: "float32", dims: [2, dim] }) as const;
  const data = steps(2, { inputs: [x, h("batch")] });
  assert.deepEqual((await data.sample(0)).h!.dims, [2, 1]);
  await assert.rejects(async () => await steps(2, { inputs: [x, h("past")] }).sample(0), {
    name: "UserError",
    message:
      'Cannot make a stream of steps: the state "h", float32 [2, past], has no fixed shape ' +
      'to begin with zeros; give initial: { "h": <tensor> }',
  });
});

Deno.test("stateful() says what is wrong with a declaration", async () => {
  const refuse = (options: Partial<StatefulOptions>, message: RegExp) =>
    assert.rejects(async () => await steps(6, options).sample(0), { name: "UserError", message });
  await refuse({ lengths: [2, 3] }, /the sequences have 5 steps together, but there are 6 samples/);
  await refuse({ lengths: 0 }, /a sequence has 1 step or more, got 0/);
  await refuse({ state: {} }, /no state is named; give state: \{ <output>: "<input>" \}/);
  await refuse({ state: { a: "h", b: "h" } }, /input "h" would take two outputs/);
  await refuse({ inputs: undefined }, /its samples hold no "h" to begin with; give initial/);
  await refuse({ state: { o: "g" } }, /the network has no input "g" \(it has "h"\)/);
});

Deno.test("select() and slice() keep sequences, and cut them only at their ends", async () => {
  const data = steps(9, { lengths: 3 });
  assert.deepEqual(slice(data, 1, 7).stream!.lengths, [2, 3, 1]);
  const turned = select(data, [6, 7, 8, 0, 1, 2]);
  assert.deepEqual(turned.stream!.lengths, [3, 3]);
  assert.deepEqual(await members(turned), [6, 7, 8, 0, 1, 2]);
  assert.throws(() => select(data, [0, 2]), {
    name: "UserError",
    message:
      "Cannot select samples of steps: they are steps of sequences, and step 2 of sequence 0 " +
      "does not follow step 0; take sequences, or runs of steps",
  });
});

Deno.test("a stream's hash tells how its samples follow one another", async () => {
  const hashes = [
    steps(6),
    steps(6, { lengths: 3 }),
    steps(6, { state: { other: "h" } }),
    steps(6, { initial: { h: float32([1, 2], [0, 1]) } }),
  ].map((data) => data.hash());
  assert.equal(new Set(await Promise.all(hashes)).size, 4);
  assert.equal(await steps(6).hash(), await steps(6).hash());
  assert.equal(await slice(steps(6, { lengths: 3 }), 0, 3).hash(), await steps(3).hash());
});

Deno.test("splitDataset() does not tear sequences apart", async () => {
  const { calibration, selection, test } = splitDataset(steps(40, { lengths: 4 }), {
    calibration: 2,
    selection: 3,
    seed: 1,
  });
  const splits = [calibration, selection, test];
  assert.deepEqual(splits.map(({ stream }) => stream!.lengths.length), [2, 3, 5]);
  for (const split of splits) {
    const list = await members(split);
    assert.ok(list.every((x, i) => i % 4 === 0 ? x % 4 === 0 : x === list[i - 1]! + 1));
  }
  const all = (await Promise.all(splits.map(members))).flat();
  assert.deepEqual(all.sort((a, b) => a - b), Array.from({ length: 40 }, (_, i) => i));
  assert.throws(() => splitDataset(steps(40)), /its 1 sequences leave the selection split empty/);
});

Deno.test("meanBySequence() averages the steps that have a value", () => {
  const stream = { state: {}, lengths: [2, 3, 1] };
  const means = meanBySequence(stream, Float64Array.of(1, 3, NaN, 5, NaN, NaN));
  assert.deepEqual([...means], [2, 5, NaN]);
});
