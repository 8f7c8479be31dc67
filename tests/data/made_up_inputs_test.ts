import assert from "node:assert/strict";
import { madeUpInputs } from "../../lib/data/made_up_inputs.ts";
import { validIntegers } from "../../lib/data/valid_integers.ts";
import { float32, type Tensor } from "../../lib/tensor/tensor.ts";
import { modelOf } from "../quantize/fixture.ts";

const { graph } = modelOf(
  `
  input ids int64[1, 6]
  input attention_mask int64[1, 6]
  input position_ids int64[1, 6]
  input rate int64[]
  input bytes int32[4]
  input count int64[]
  input x float32[2]
  output y float32[1, 6, 2]
  tensor sixteen int64[] = [16000]
  tensor depth int64[] = [257]
  tensor ends float32[2] = [0, 1]
  wide = Cast(ids) {to=7}
  e = Gather(table, wide)
  p = Gather(places, position_ids)
  y = Add(e, p)
  is16 = Equal(rate, sixteen)
  hot = OneHot(bytes, depth, ends)`,
  { table: float32([5, 2], Array(10).fill(1)), places: float32([3, 2], Array(6).fill(1)) },
);

const zeros = (...dims: number[]): Tensor<"int64"> => ({
  type: "int64",
  dims,
  data: new BigInt64Array(dims.reduce((a, b) => a * b, 1)),
});

Deno.test("madeUpInputs() turns floats around and about zero where no interval is known", () => {
  const all = madeUpInputs({ x: float32([2], [0, 0.25]) }, { graph });
  assert.deepEqual(all.map(({ x }) => [...x!.data]), [[0, 0.25], [1, 0.75], [-1, -0.5]]);
});

Deno.test("madeUpInputs() fills the interval that is known of an input", () => {
  const intervals = new Map([["x", { low: -3, high: 5 }]]);
  const x = float32([400], Array<number>(400).fill(0.5));
  const all = madeUpInputs({ x }, { graph, intervals }).map(({ x }) => [...x!.data].map(Number));
  for (const values of all) {
    assert.ok(Math.min(...values) >= -3 && Math.min(...values) < -2.9);
    assert.ok(Math.max(...values) <= 5 && Math.max(...values) > 4.9);
  }
  assert.ok(Math.abs(all[0]![7]! + all[1]![7]! - 2) < 1e-6); // -3 + 5, turned around
});

Deno.test("madeUpInputs() makes up integers that the network can read, and leaves others", () => {
  const count = { type: "int64", dims: [], data: BigInt64Array.of(3n) } as const;
  const first = {
    ...{ ids: zeros(1, 6), attention_mask: zeros(1, 6), position_ids: zeros(1, 6) },
    ...{ rate: zeros(), count },
  };
  const all = madeUpInputs(first, { graph });
  assert.equal(all.length, 3);
  const numbers = (name: keyof typeof first) =>
    all.map((one) => Array.from(one[name]!.data as BigInt64Array, Number));
  const ids = numbers("ids");
  assert.ok(ids.flat().every((id) => id >= 0 && id < 5) && new Set(ids.flat()).size > 2);
  assert.notDeepEqual(ids[0], ids[1]);
  assert.deepEqual(numbers("attention_mask")[1], [1, 1, 1, 1, 1, 1]);
  assert.deepEqual(numbers("position_ids")[2], [0, 1, 2, 0, 1, 2]);
  assert.deepEqual(numbers("rate"), [[16000], [16000], [16000]]);
  assert.ok(all.every((one) => one.count === count));
});

Deno.test("madeUpInputs() gives one input where nothing in it can differ", () => {
  assert.equal(madeUpInputs({ rate: zeros(), count: zeros() }, { graph }).length, 1);
});

Deno.test("validIntegers() counts the rows of tables and the places of a OneHot", () => {
  assert.deepEqual(validIntegers(graph, "ids"), { below: 5 });
  assert.deepEqual(validIntegers(graph, "bytes"), { below: 257 });
  assert.deepEqual(validIntegers(graph, "count"), {});
});
