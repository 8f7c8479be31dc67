import assert from "node:assert/strict";
import { join } from "node:path";
import type { Branch, PartTime } from "../../lib/cost/time_kernels.ts";
import { CostBook, type Stopwatch } from "../../lib/cost/kernel_times.ts";
import { fitStepPrices } from "../../lib/cost/conversion_times.ts";
import { UserError } from "../../lib/errors.ts";
import { createPool, type Pool } from "../../lib/runtime/pool.ts";
import { float32 } from "../../lib/tensor/tensor.ts";
import { modelOf } from "../quantize/fixture.ts";

function branchOf(columns: number): Branch {
  const model = modelOf(`input x float32[1, 4]; output y float32[1, ${columns}]; y = Gemm(x, w)`, {
    w: [4, columns],
  });
  return { part: { model, feeds: { x: float32([1, 4], new Float32Array(4)) } }, own: new Set() };
}

function timed(ms: number): PartTime {
  const steps = [{ step: "quantize" as const, elements: 4, ms: ms / 10 }];
  return { ms, input: "float", output: "int8", steps, runs: ["Gemm"] };
}

/** A clock on a machine of a pace of its own: the yardstick, always last, takes `pace`. */
function clock(pace: () => number) {
  const asked: number[] = [];
  const stopwatch: Stopwatch = (branches) => {
    const slow = pace();
    const own = branches.slice(0, -1).map(({ part }) => {
      const columns = Number(part.model.graph.initializer[0]!.dims[1]);
      asked.push(columns);
      return timed(columns * slow);
    });
    return Promise.resolve([...own, timed(slow)]);
  };
  return { asked, stopwatch };
}

let pool: Pool;
Deno.test.beforeAll(() => {
  pool = createPool({ workers: 1 }); // starts no worker until there is work
});
Deno.test.afterAll(() => pool.close());

Deno.test("a part is measured once, and equal parts of the same network with it", async () => {
  const { asked, stopwatch } = clock(() => 2);
  const book = await CostBook.open(pool, { cache: false, stopwatch });
  const times = await book.times([branchOf(3), branchOf(5), branchOf(3)]);
  assert.deepEqual(times.map(({ ms }) => ms), [6, 10, 6]);
  assert.deepEqual(await book.times([branchOf(5)]), [times[1]]);
  assert.deepEqual(asked, [3, 5]);
  assert.equal(times[0]!.steps[0]!.ms, 0.6);
});

Deno.test("what was measured on a slow day is told in milliseconds of today", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const slow = clock(() => 4);
    const first = await CostBook.open(pool, { cache: folder, stopwatch: slow.stopwatch });
    assert.equal((await first.times([branchOf(3)]))[0]!.ms, 12);
    const quick = clock(() => 1);
    const again = await CostBook.open(pool, { cache: folder, stopwatch: quick.stopwatch });
    const [time] = await again.times([branchOf(3)]);
    assert.equal(time!.ms, 3);
    assert.deepEqual(quick.asked, []);
    assert.deepEqual([time!.input, time!.output, time!.runs], ["float", "int8", ["Gemm"]]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a measurement during which the machine changed its pace is done again", async () => {
  const paces = [1, 1.6, 1, 1.7, 1.7];
  const { asked, stopwatch } = clock(() => paces.shift()!);
  const book = await CostBook.open(pool, { cache: false, stopwatch });
  await book.times([branchOf(1)]);
  await book.times([branchOf(2)]);
  assert.deepEqual(asked, [1, 2, 2]);
  assert.equal(book.drifted, 0);
  await book.times([branchOf(3)]); // this time it does not come back
  assert.equal(book.drifted, 1);
});

Deno.test("a cache that is damaged is empty; one that cannot be written is an error", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const { stopwatch } = clock(() => 1);
    const book = await CostBook.open(pool, { cache: folder, stopwatch });
    await book.times([branchOf(3)]);
    const [{ name }] = await Array.fromAsync(Deno.readDir(folder)) as [Deno.DirEntry];
    await Deno.writeTextFile(join(folder, name), '{"format":1,');
    const again = clock(() => 1);
    await (await CostBook.open(pool, { cache: folder, stopwatch: again.stopwatch }))
      .times([branchOf(3)]);
    assert.deepEqual(again.asked, [3]);
    const inFile = await CostBook.open(pool, { cache: join(folder, name), stopwatch });
    await assert.rejects(inFile.times([branchOf(3)]), (error: UserError) => {
      assert.ok(error instanceof UserError);
      assert.match(
        error.message,
        /^Cannot keep measured times in .*; name another folder, or none/,
      );
      return true;
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("fitStepPrices() draws a line through what was measured", () => {
  const step = "quantize" as const;
  const times = [1000, 5000, 20000].map((elements) => ({
    step,
    elements,
    ms: 0.01 + elements / 1e6,
  }));
  const price = fitStepPrices(times);
  assert.ok(Math.abs(price("quantize", 10000) - 0.02) < 1e-9);
  // What was never seen has a price all the same.
  assert.ok(price("turnFloat", 1e6) > 0.1);
});

Deno.test("fitStepPrices() never pays for a step", () => {
  const step = "dequantize" as const;
  const falling = fitStepPrices([
    { step, elements: 10, ms: 0.02 },
    { step, elements: 1000, ms: 0.01 },
  ]);
  assert.ok(falling("dequantize", 1e7) > 0);
  const one = fitStepPrices([{ step, elements: 1000, ms: 0.01 }]);
  assert.ok(Math.abs(one("dequantize", 2000) - 0.02) < 1e-12);
  const none = fitStepPrices([{ step, elements: 0, ms: 0 }]);
  assert.equal(none("dequantize", 1000), 0);
});
