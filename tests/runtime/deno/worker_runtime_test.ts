import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { UserError } from "../../../lib/errors.ts";
import { RuntimeError } from "../../../lib/runtime/runtime_errors.ts";
import { openRuntime } from "../../../lib/runtime/open_runtime.ts";
import type { Runtime } from "../../../lib/runtime/runtime.ts";
import { type Feeds, float32, type Tensor } from "../../../lib/tensor/tensor.ts";
import { doubling, looping, modelOf, turns } from "../models.ts";

const FOREVER = 10n ** 15n;

let runtime: Runtime;
Deno.test.beforeAll(() => {
  runtime = openRuntime({ workers: 2 });
});
Deno.test.afterAll(() => runtime.close());

const number = (value: number): Feeds => ({ x: float32([1], [value]) });
const first = (tensor: Tensor | undefined) => (tensor!.data as Float32Array)[0]!;

async function all(results: AsyncIterable<Record<string, Tensor>>): Promise<number[]> {
  const numbers: number[] = [];
  for await (const { y } of results) numbers.push(first(y));
  return numbers;
}

Deno.test("run() gives the results in the order of the samples", async () => {
  const count = 200;
  const samples = Array.from({ length: count }, (_, i) => number(i));
  let done = 0;
  const results = runtime.run(doubling(), samples, { onProgress: (n) => done = n });
  assert.deepEqual(await all(results), samples.map((_, i) => 2 * i + 1));
  assert.equal(done, count);
  assert.deepEqual(await all(runtime.run(doubling(), [])), []);
});

Deno.test("run() reads samples only a little ahead, and closes their source", async () => {
  let read = 0;
  let closed = false;
  async function* endless() {
    try {
      for (;;) yield await Promise.resolve(number(read++));
    } finally {
      closed = true;
    }
  }
  for await (const { y } of runtime.run(doubling(), endless())) {
    if (first(y) >= 21) break;
  }
  assert.ok(closed);
  assert.ok(read <= 11 + 4 * 64, `${read} samples were read for 11 results`);
});

Deno.test("run() passes a view without the rest of its buffer, and shared memory as it is", async () => {
  const model = doubling();
  const views = (buffer: ArrayBufferLike) => {
    const all = new Float32Array(buffer).map((_, i) => i);
    new Float32Array(buffer).set(all);
    return [1, 3].map((at) => ({
      x: { type: "float32", dims: [2], data: new Float32Array(buffer, 4 * at, 2) } as Tensor,
    }));
  };
  for (const buffer of [new ArrayBuffer(20), new SharedArrayBuffer(20)]) {
    const samples = views(buffer);
    const results = [];
    for await (const { y } of runtime.run(model, samples)) results.push([...y!.data]);
    assert.deepEqual(results, [[3, 5], [7, 9]]);
    assert.equal(first(samples[0]!.x), 1); // neither detached nor changed
  }
});

Deno.test("several runs share the workers", async () => {
  const samples = Array.from({ length: 20 }, (_, i) => number(i));
  const results = await Promise.all([
    all(runtime.run(doubling(), samples)),
    all(runtime.run(doubling("another.onnx"), samples)),
    all(runtime.run(looping(), [turns(3n)])),
  ]);
  assert.deepEqual(results[0], results[1]);
  assert.equal(results[2]!.length, 1);
});

Deno.test("run() says which sample does not fit", async () => {
  const samples = Array.from({ length: 30 }, (_, i) => number(i));
  samples[17] = { x: float32([1, 1], [1]) };
  await assert.rejects(all(runtime.run(doubling(), samples)), (error: Error) => {
    assert.ok(error instanceof UserError);
    assert.match(error.message, /input "x" has 2 dimensions.*\(sample 17\)$/);
    return true;
  });
});

Deno.test("run() brings a failure of the runtime over, with its node", async () => {
  const model = modelOf(
    "input x float32[n]\ninput i int64[]\noutput y float32[...]\ny = Gather(x, i) @ tail/Gather",
  );
  const i: Tensor = { type: "int64", dims: [], data: BigInt64Array.of(7n) };
  const feeds = { ...number(1), i };
  await assert.rejects(all(runtime.run(model, [feeds])), (error: RuntimeError) => {
    assert.ok(error instanceof RuntimeError);
    assert.equal(error.model, "tiny.onnx");
    assert.deepEqual(error.node, { opType: "Gather", name: "tail/Gather" });
    return true;
  });
});

Deno.test("run() goes on with a new worker when memory has run out", async () => {
  const model = modelOf(
    "input x float32[1]\ninput s int64[2]\noutput y float32[...]\ny = Expand(x, s)",
  );
  const s = (n: bigint): Tensor => ({
    type: "int64",
    dims: [2],
    data: BigInt64Array.of(n, 33000n),
  });
  await assert.rejects(
    all(runtime.run(model, [{ ...number(1), s: s(32500n) }])),
    (error: Error) => {
      assert.ok(error instanceof RuntimeError && error.fatal); // 4.29 GB, just below 2^32 bytes
      assert.match(error.message, /memory ran out/);
      return true;
    },
  );
  await assert.rejects(
    all(runtime.run(model, [{ ...number(1), s: s(33000n) }])),
    /larger than the 4 GB/,
  );
  assert.deepEqual(await all(runtime.run(doubling(), [number(1)])), [3]);
});

Deno.test("run() passes on what the source of the samples throws", async () => {
  function* broken(): Generator<Feeds> {
    yield number(1);
    throw new Error("no more film");
  }
  await assert.rejects(all(runtime.run(doubling(), broken())), /no more film/);
});

Deno.test("run() ends when it is aborted", async () => {
  const stop = new AbortController();
  const results = runtime.run(doubling(), Array(1000).fill(number(1)), { signal: stop.signal });
  await assert.rejects(async () => {
    for await (const _ of results) stop.abort(new Error("enough"));
  }, /enough/);
  await assert.rejects(
    all(runtime.run(doubling(), [number(1)], { signal: stop.signal })),
    /enough/,
  );
});

Deno.test("times() measures every model in every round", async () => {
  const models = [doubling(), looping()];
  await assert.rejects(runtime.times(models, [number(1)], { rounds: 2 }), /input "n" is missing/);
  const samples = [1, 2, 3].map(number);
  const { ms, warmup } = await runtime.times([doubling(), doubling("b.onnx")], samples, {
    rounds: 3,
  });
  assert.deepEqual(ms.map((row) => row.length), [2, 2, 2]);
  assert.ok(ms.flat().every((time) => time > 0));
  assert.ok(warmup.every((runs) => runs >= 4));
  assert.deepEqual((await runtime.times([], samples, { rounds: 1 })).ms, [[]]);
  await assert.rejects(runtime.times(models, []), /there is no sample/);
});

Deno.test("times() runs alone", async () => {
  const samples = Array.from({ length: 200 }, (_, i) => number(i));
  const before = all(runtime.run(doubling(), samples));
  const times = runtime.times([doubling()], samples, { rounds: 2 });
  const after = all(runtime.run(doubling(), samples));
  assert.equal((await before).length, 200);
  assert.equal((await times).ms.length, 2);
  assert.equal((await after).length, 200);
});

Deno.test("times() stops in the middle of a run when it is aborted", async () => {
  const stop = new AbortController();
  const times = runtime.times([looping()], [turns(FOREVER)], { signal: stop.signal });
  setTimeout(() => stop.abort(new Error("enough")), 300);
  await assert.rejects(times, /enough/);
  assert.deepEqual(await all(runtime.run(doubling(), [number(1)])), [3]);
});

Deno.test("optimized() shows what the runtime made of the graph", async () => {
  const model = modelOf(`
    input x float32[1, 1, 3, 3]
    output y float32[1, 1, 2, 2]
    tensor w float32[1, 1, 2, 2] = [1.0, 2.0, 3.0, 4.0]
    same = Identity(x)
    c = Conv(same, w) @ front/Conv
    y = Relu(c)`);
  const optimized = await runtime.optimized(model);
  assert.deepEqual(optimized!.graph.node.map(({ opType }) => opType), ["FusedConv"]);
  assert.equal(optimized!.name, "tiny.onnx");
  await assert.rejects(
    runtime.optimized(modelOf("input x float32[1]\noutput y float32[1]\ny = Fancy(x)")),
    RuntimeError,
  );
  assert.equal((await runtime.optimized(doubling()))!.graph.node.length, 2); // nothing left over
});

Deno.test("profile() times each node of the graph that is executed", async () => {
  const profile = await runtime.profile(doubling(), [number(1), number(2)], { runs: 5 });
  const { runs, nodes } = profile!;
  assert.deepEqual(nodes.map(({ opType, inputs, outputs }) => [opType, inputs, outputs]), [
    ["Mul", [[1], []], [[1]]],
    ["Add", [[1], []], [[1]]],
  ]);
  assert.ok(nodes.every(({ ms }) => ms.length === 5 && ms.every((time) => time >= 0)));
  assert.equal(runs.length, 5);
});

Deno.test("profile() takes names that JSON would have to escape, and gives them back", async () => {
  const odd = modelOf(
    `input x float32[n]; output y float32[n]
     a = Exp(x) @ "say \\"a\\""; y = Sin(a) @ "back\\\\slash\\nline"`,
  );
  const { nodes } = (await runtime.profile(odd, [number(1)], { runs: 2 }))!;
  assert.deepEqual(nodes.map(({ name }) => name), ['say "a"', "back\\slash\nline"]);
});

Deno.test("profile() tells what runs in the body of a loop, and how often", async () => {
  const { nodes } = (await runtime.profile(looping(), [turns(3n)], { runs: 2 }))!;
  const rows = nodes.map(({ opType, parent, executions }) => [opType, parent, executions]);
  const [loop, ...body] = rows; // the two of the body do not wait for each other
  assert.deepEqual(loop, ["Loop", undefined, 1]);
  assert.deepEqual(body.toSorted(), [["Identity", 0, 3], ["Sin", 0, 3]]);
});

/** Longer than any other timer here. */
const LIMIT_MS = 12_345_678;

/** Catches the timers of so many milliseconds, for as long as it is there: they go off when they are told to. */
function timersOf(ms: number): Disposable & { isSet(): boolean; goOff(): void } {
  const { setTimeout } = globalThis;
  let last: (() => void) | undefined;
  globalThis.setTimeout = ((callback: () => void, after?: number) => {
    if (after !== ms) return setTimeout(callback, after);
    last = callback;
    return 0;
  }) as typeof setTimeout;
  return {
    isSet: () => last !== undefined,
    goOff: () => last?.(),
    [Symbol.dispose]: () => void (globalThis.setTimeout = setTimeout),
  };
}

Deno.test("a worker that hangs is stopped and replaced, and the runtime goes on", async () => {
  using limit = timersOf(LIMIT_MS);
  await using impatient = openRuntime({ workers: 1, timeoutMs: LIMIT_MS });
  const hung = all(impatient.run(looping(), [turns(FOREVER)]));
  hung.catch(() => {});
  while (!limit.isSet()) await delay(10); // the worker is ready, and has the first
  const waiting = all(impatient.run(doubling(), [number(1)]));
  limit.goOff();
  await assert.rejects(hung, (error: RuntimeError) => {
    assert.ok(error instanceof RuntimeError);
    assert.match(error.message, /looping\.onnx.*no answer for 12345678 ms.*timeoutMs/);
    return true;
  });
  assert.deepEqual(await waiting, [3]);
  assert.equal((await all(impatient.run(looping(), [turns(2n)]))).length, 1);
});

Deno.test("a runtime of two threads per worker computes the same", async () => {
  await using wide = openRuntime({ workers: 1, threads: 2 });
  assert.deepEqual(await all(wide.run(doubling(), [1, 2, 3].map(number))), [3, 5, 7]);
});

Deno.test("close() fails what is not finished, and what comes after", async () => {
  const closing = openRuntime({ workers: 1 });
  const hung = [1, 2, 3].map(() => all(closing.run(looping(), [turns(FOREVER)])));
  setTimeout(() => closing.close(), 300);
  for (const { reason } of await Promise.allSettled(hung) as PromiseRejectedResult[]) {
    assert.match(reason.message, /runtime (was|is) closed/);
  }
  await assert.rejects(closing.optimized(doubling()), /runtime is closed/);
});

Deno.test("openRuntime() refuses numbers that make no sense", () => {
  assert.throws(() => openRuntime({ workers: -1 }), /workers must be 0 or more, got -1/);
  assert.throws(() => openRuntime({ threads: 1.5 }), /threads must be 1 or more, got 1.5/);
  assert.throws(() => openRuntime({ timeoutMs: NaN }), /timeoutMs must be 1 or more, got NaN/);
});

Deno.test("a process ends by itself after close(), also one that has not heard yet that a run has begun", async () => {
  const program = `
    import { openRuntime } from "${import.meta.resolve("../../../lib/runtime/open_runtime.ts")}";
    import { looping, turns } from "${import.meta.resolve("../models.ts")}";
    const runtime = openRuntime({ workers: 1 });
    const results = runtime.run(looping(), [turns(${FOREVER}n)]);
    results.next().catch(() => {});
    setTimeout(() => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500);
      runtime.close();
    }, 30);`;
  const command = new Deno.Command(Deno.execPath(), {
    args: ["eval", program],
    signal: AbortSignal.timeout(300_000), // it would never end
  });
  const { success, stderr } = await command.output();
  assert.ok(success, new TextDecoder().decode(stderr));
});

Deno.test("coldStart() opens and runs each model in a worker of its own, and leaves the others alone", async () => {
  const models = [doubling(), doubling("another.onnx")];
  const { starts, clock } = (await runtime.coldStart!(models, number(3), { rounds: 1 }))!;
  assert.ok(["thread", "wall"].includes(clock));
  assert.deepEqual(starts.map((row) => row.length), [2]);
  for (const { createMs, firstMs, steadyMs, heapBytes } of starts[0]!) {
    assert.ok(createMs > 0 && firstMs > 0);
    assert.equal(steadyMs, undefined, "nobody asked");
    assert.equal(heapBytes % 65536, 0, "pages of WASM");
    assert.ok(heapBytes > 0);
  }
  assert.deepEqual(await all(runtime.run(doubling(), [number(3)])), [7]);
  const wrong = runtime.coldStart!(models, { x: float32([], [1]) }, { rounds: 1 });
  await assert.rejects(wrong, UserError);
});

Deno.test("coldStart() ends when it is told to", async () => {
  const controller = new AbortController();
  const endless = runtime.coldStart!([looping()], turns(FOREVER), { signal: controller.signal });
  setTimeout(() => controller.abort(new Error("enough")), 100);
  await assert.rejects(endless, /enough/);
});
