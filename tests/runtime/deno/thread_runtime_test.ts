import assert from "node:assert/strict";
import { RuntimeError } from "../../../lib/runtime/runtime_errors.ts";
import { openRuntime } from "../../../lib/runtime/open_runtime.ts";
import { type Feeds, float32 } from "../../../lib/tensor/tensor.ts";
import { doubling, modelOf } from "../models.ts";

const number = (value: number): Feeds => ({ x: float32([1], [value]) });

async function all(results: AsyncIterable<Record<string, { data: ArrayLike<unknown> }>>) {
  return (await Array.fromAsync(results)).map(({ y }) => y!.data[0]);
}

Deno.test("a runtime without workers runs models in this thread, one sample at a time", async () => {
  await using runtime = openRuntime({ workers: 0 });
  assert.equal(runtime.about.workers, 0);
  let read = 0;
  function* samples() {
    for (; read < 3; read++) yield number(read);
  }
  const done: number[] = [];
  for await (
    const { y } of runtime.run(doubling(), samples(), { onProgress: (n) => done.push(n) })
  ) {
    assert.equal(y!.data[0], 2 * read + 1); // the next sample has not been read yet
  }
  assert.deepEqual(done, [1, 2, 3]);
});

Deno.test("it goes on with models whose sessions were closed for others", async () => {
  await using runtime = openRuntime({ workers: 0 });
  const models = Array.from({ length: 6 }, (_, i) => doubling(`${i}.onnx`));
  const runs = models.map((model, i) => runtime.run(model, [number(i), number(i + 10)]));
  const results: unknown[] = [];
  for (let sample = 0; sample < 2; sample++) {
    for (const run of runs) results.push((await run.next()).value!.y!.data[0]);
  }
  assert.deepEqual(results, [1, 3, 5, 7, 9, 11, 21, 23, 25, 27, 29, 31]);
});

Deno.test("it says which sample does not fit, and which node failed", async () => {
  await using runtime = openRuntime({ workers: 0 });
  const samples = [number(1), { x: float32([1, 1], [1]) }];
  await assert.rejects(all(runtime.run(doubling(), samples, { first: 5 })), /\(sample 6\)$/);
  const broken = modelOf("input x float32[1]\noutput y float32[1]\ny = Fancy(x)");
  await assert.rejects(all(runtime.run(broken, [number(1)])), RuntimeError);
  assert.deepEqual(await all(runtime.run(doubling(), [number(1)])), [3]);
});

Deno.test("it measures times, and does not tell what is executed", async () => {
  await using runtime = openRuntime({ workers: 0 });
  const { ms } = await runtime.times([doubling(), doubling("b.onnx")], [number(1)], { rounds: 2 });
  assert.deepEqual(ms.map((row) => row.length), [2, 2]);
  await assert.rejects(runtime.times([doubling()], []), /there is no sample/);
  assert.equal(await runtime.optimized(doubling()), undefined);
  assert.equal(await runtime.profile(doubling(), [number(1)]), undefined);
});

Deno.test("it ends when it is aborted, or closed", async () => {
  const runtime = openRuntime({ workers: 0 });
  const stop = new AbortController();
  await assert.rejects(async () => {
    const endless = Array<Feeds>(1000).fill(number(1));
    const run = runtime.run(doubling(), endless, { signal: stop.signal });
    for await (const _ of run) stop.abort(new Error("enough"));
  }, /enough/);
  runtime.close();
  await assert.rejects(all(runtime.run(doubling(), [number(1)])), /The runtime is closed/);
});
