import assert from "node:assert/strict";
import { parseModel } from "../../lib/onnx/parse_model.ts";
import { canFreeze, freezeRandom, randomNodes } from "../../lib/passes/freeze_random.ts";
import { openSession } from "../../lib/runtime/open_runtime.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { type Feeds, float32 } from "../../lib/tensor/tensor.ts";

async function run(model: Model, feeds: Feeds) {
  const session = await openSession(model);
  const results = await session.run(feeds);
  await session.release();
  return Object.fromEntries(
    Object.entries(results).map(([name, { data }]) => [name, [...data as Float32Array]]),
  );
}

const x = float32([40, 50], new Float32Array(2000).fill(0.25));

const spread = (values: readonly number[]) => {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length);
  return { mean, deviation };
};

const random = () =>
  parseModel(`
    input x float32[N, 50]
    output a float32[N, 50]
    output b float32[N, 50]
    output c float32[2, 3]
    output d float32[N, 50]
    a = RandomNormalLike(x) {mean=3.0, scale=2.0} @ /noise
    b = RandomUniformLike(x) {low=-1.0, high=1.0}
    c = RandomNormal() {shape=[2, 3]}
    d = Bernoulli(x)`);

Deno.test("freezeRandom() gives the same noise in every run, of the distribution asked for", async () => {
  const frozen = freezeRandom(random());
  assert.equal(randomNodes(frozen).length, 0);
  const [one, two] = [await run(frozen, { x }), await run(frozen, { x })];
  assert.deepEqual(one, two);
  const [a, b] = [spread(one.a!), spread(one.b!)];
  assert.ok(Math.abs(a.mean - 3) < 0.2 && Math.abs(a.deviation - 2) < 0.15, JSON.stringify(a));
  assert.ok(Math.abs(b.mean) < 0.06 && Math.abs(b.deviation - Math.sqrt(1 / 3)) < 0.03);
  assert.ok(Math.min(...one.b!) >= -1 && Math.max(...one.b!) <= 1);
  assert.ok(Math.abs(spread(one.d!).mean - 0.25) < 0.05); // Bernoulli's odds
  assert.equal(one.c!.length, 6);
  assert.notDeepEqual(one.a!.slice(0, 6), one.c);
});

Deno.test("freezeRandom() gives a value its noise by its name, whatever else the network does", async () => {
  const other = parseModel(`
    input x float32[N, 50]
    output y float32[N, 50]
    z = RandomUniformLike(x)
    a = RandomNormalLike(x) {mean=3.0, scale=2.0}
    y = Identity(a)`);
  assert.deepEqual(
    (await run(freezeRandom(other), { x })).y,
    (await run(freezeRandom(random()), { x })).a,
  );
});

Deno.test("freezeRandom() reaches into bodies, and takes an axis of length 0", async () => {
  const model = parseModel(`
    input x float32[N, 50]
    output y float32[N, 50]
    tensor yes bool[] = [1]
    y = If(yes) {
      then_branch=graph then { output t float32[N, 50]; t = RandomNormalLike(x) },
      else_branch=graph else { output e float32[N, 50]; e = Identity(x) }
    }`);
  const frozen = freezeRandom(model);
  assert.equal(randomNodes(frozen).length, 0);
  assert.equal((await run(frozen, { x })).y!.length, 2000);
  assert.deepEqual((await run(frozen, { x: float32([0, 50], []) })).y, []);
});

Deno.test("freezeRandom() leaves a network without chance, and what it cannot freeze, as they are", () => {
  const plain = parseModel("input x float32[N, 2]; output y float32[N, 2]; y = Relu(x)");
  assert.equal(freezeRandom(plain), plain);
  const drawn = parseModel(
    "input x float32[1, 4]; output y int32[1, 1]; y = Multinomial(x) {sample_size=1}",
  );
  assert.equal(randomNodes(freezeRandom(drawn)).length, 1);
  assert.equal(canFreeze(randomNodes(drawn)[0]!, 17), false);
});
