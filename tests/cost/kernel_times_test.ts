import assert from "node:assert/strict";
import { join } from "node:path";
import type { KernelTime, TimedSubgraph } from "../../lib/cost/time_kernels.ts";
import { type KernelTimer, KernelTimes } from "../../lib/cost/kernel_times.ts";
import { fitConversionTimes } from "../../lib/cost/conversion_times.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import type { Runtime } from "../../lib/runtime/runtime.ts";
import { float32 } from "../../lib/tensor/tensor.ts";
import { inTempFolder } from "../temp_folder.ts";
import { modelOf } from "../quantize/fixture.ts";

function subgraphOf(columns: number): TimedSubgraph {
  const model = modelOf(`input x float32[1, 4]; output y float32[1, ${columns}]; y = Gemm(x, w)`, {
    w: [4, columns],
  });
  return {
    subgraph: { model, feeds: { x: float32([1, 4], new Float32Array(4)) } },
    own: new Set(),
  };
}

function taking(ms: number, stretch = 1.1): KernelTime {
  const conversions = [{ conversion: "quantize" as const, elements: 4, ms: ms / 10 }];
  return { ms, meanMs: stretch * ms, input: "float", output: "int8", conversions, runs: ["Gemm"] };
}

/** A clock on a machine of a pace of its own: the reference load, always last, takes `pace`. */
function clock(pace: () => number, stretch?: number) {
  const asked: number[] = [];
  const kernelTimer: KernelTimer = (timed) => {
    const slow = pace();
    const own = timed.slice(0, -1).map(({ subgraph }) => {
      const columns = Number(subgraph.model.graph.initializer[0]!.dims[1]);
      asked.push(columns);
      return taking(columns * slow, stretch);
    });
    return Promise.resolve([...own, taking(slow)]);
  };
  return { asked, kernelTimer };
}

let runtime: Runtime;
Deno.test.beforeAll(() => {
  runtime = openRuntime({ workers: 1 }); // starts no worker until there is work
});
Deno.test.afterAll(() => runtime.close());

Deno.test("a subgraph is measured once, and equal parts of the same network with it", async () => {
  const { asked, kernelTimer } = clock(() => 2);
  const kernelTimes = await KernelTimes.open(runtime, { cache: false, kernelTimer });
  const times = await kernelTimes.times([subgraphOf(3), subgraphOf(5), subgraphOf(3)]);
  assert.deepEqual(times.map(({ ms }) => ms), [6, 10, 6]);
  assert.deepEqual(await kernelTimes.times([subgraphOf(5)]), [times[1]]);
  assert.deepEqual(asked, [3, 5]);
  assert.equal(times[0]!.conversions[0]!.ms, 0.6);
});

Deno.test("what was measured on a slow day is told in milliseconds of today", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const slow = clock(() => 4);
    const first = await KernelTimes.open(runtime, { cache: folder, kernelTimer: slow.kernelTimer });
    assert.equal((await first.times([subgraphOf(3)]))[0]!.ms, 12);
    const quick = clock(() => 1);
    const again = await KernelTimes.open(runtime, {
      cache: folder,
      kernelTimer: quick.kernelTimer,
    });
    const [time] = await again.times([subgraphOf(3)]);
    assert.equal(time!.ms, 3);
    assert.deepEqual(quick.asked, []);
    assert.deepEqual([time!.input, time!.output, time!.runs], ["float", "int8", ["Gemm"]]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("where any day's times will do, nothing runs if all are kept", async () => {
  await inTempFolder(async (cache) => {
    const { kernelTimer } = clock(() => 4);
    await (await KernelTimes.open(runtime, { cache, kernelTimer })).times([subgraphOf(3)]);
    const never: KernelTimer = () => Promise.reject(new Error("timed"));
    const again = await KernelTimes.open(runtime, { cache, kernelTimer: never });
    const [time] = await again.times([subgraphOf(3)], { ofAnyDay: true });
    assert.equal(time!.ms, 12);
    await assert.rejects(again.times([subgraphOf(3)]), /timed/);
  });
});

Deno.test("a measurement during which the machine changed its pace is done again", async () => {
  const paces = [1, 1.6, 1, 1.7, 1.7];
  const { asked, kernelTimer } = clock(() => paces.shift()!);
  const kernelTimes = await KernelTimes.open(runtime, { cache: false, kernelTimer });
  await kernelTimes.times([subgraphOf(1)]);
  await kernelTimes.times([subgraphOf(2)]);
  assert.deepEqual(asked, [1, 2, 2]);
  assert.equal(kernelTimes.drifted, 0);
  await kernelTimes.times([subgraphOf(3)]); // this time it does not come back
  assert.equal(kernelTimes.drifted, 1);
});

Deno.test("times of a busy or drifting machine serve one run, and are kept for no other", async () => {
  await inTempFolder(async (folder) => {
    const open = ({ kernelTimer }: ReturnType<typeof clock>) =>
      KernelTimes.open(runtime, { cache: folder, kernelTimer });
    const busy = clock(() => 1, 2);
    const first = await open(busy);
    await first.times([subgraphOf(3)]);
    await first.times([subgraphOf(3)]);
    assert.deepEqual(busy.asked, [3]);
    const { path, measured, disturbed, taken } = first.record;
    assert.deepEqual({ measured, disturbed, taken }, { measured: 1, disturbed: 1, taken: 0 });
    assert.match(path!, /costs-[0-9a-f]+\.json$/);
    const paces = [1, 1.7, 1.7, 1];
    const drifting = clock(() => paces.shift()!);
    const second = await open(drifting);
    await second.times([subgraphOf(5)]);
    await second.times([subgraphOf(3)]);
    assert.deepEqual(drifting.asked, [5, 3, 3]);
    const quiet = clock(() => 1);
    const third = await open(quiet);
    await third.times([subgraphOf(3), subgraphOf(5)]);
    assert.deepEqual(quiet.asked, [3]);
    assert.deepEqual([third.record.measured, third.record.taken], [1, 1]);
    assert.equal(third.record.oldest, third.record.newest);
  });
});

Deno.test("fresh times are measured again, and replace those that were kept", async () => {
  await inTempFolder(async (folder) => {
    const take = async (columns: number, options: { of: number; fresh?: boolean }) => {
      const { asked, kernelTimer } = clock(() => 1);
      const timer: KernelTimer = async (timed) =>
        (await kernelTimer(timed)).map((time, i, { length }) =>
          i < length - 1 ? { ...time, ms: options.of } : time
        );
      const { fresh } = options;
      const kept = await KernelTimes.open(runtime, { cache: folder, kernelTimer: timer, fresh });
      const [time] = await kept.times([subgraphOf(columns)]);
      return { ms: time!.ms, asked };
    };
    await take(3, { of: 9 });
    await take(5, { of: 9 });
    assert.deepEqual(await take(3, { of: 4, fresh: true }), { ms: 4, asked: [3] });
    assert.deepEqual(await take(3, { of: 1 }), { ms: 4, asked: [] });
    assert.deepEqual(await take(5, { of: 1 }), { ms: 9, asked: [] });
  });
});

Deno.test("what was measured hastily is kept apart, and serves no careful run", async () => {
  await inTempFolder(async (folder) => {
    const { asked, kernelTimer } = clock(() => 1);
    for (const isHasty of [true, false, true]) {
      const times = await KernelTimes.open(runtime, { cache: folder, kernelTimer, isHasty });
      await times.times([subgraphOf(3)]);
    }
    assert.deepEqual(asked, [3, 3]); // the third run finds what the first kept
  });
});

Deno.test("a cache that is damaged is empty; one that cannot be written is told, and all goes on", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const { kernelTimer } = clock(() => 1);
    const kernelTimes = await KernelTimes.open(runtime, { cache: folder, kernelTimer });
    await kernelTimes.times([subgraphOf(3)]);
    const [{ name }] = await Array.fromAsync(Deno.readDir(folder)) as [Deno.DirEntry];
    await Deno.writeTextFile(join(folder, name), '{"format":2,');
    const again = clock(() => 1);
    await (await KernelTimes.open(runtime, { cache: folder, kernelTimer: again.kernelTimer }))
      .times([subgraphOf(3)]);
    assert.deepEqual(again.asked, [3]);
    const inFile = await KernelTimes.open(runtime, { cache: join(folder, name), kernelTimer });
    const [time] = await inFile.times([subgraphOf(3)]);
    assert.ok(time!.ms > 0);
    assert.match(inFile.record.problem!, /mkdir|exists/i);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("fitConversionTimes() draws a line through what was measured", () => {
  const conversion = "quantize" as const;
  const times = [1000, 5000, 20000].map((elements) => ({
    conversion,
    elements,
    ms: 0.01 + elements / 1e6,
  }));
  const price = fitConversionTimes(times);
  assert.ok(Math.abs(price("quantize", 10000) - 0.02) < 1e-9);
  // What was never seen has a price all the same.
  assert.ok(price("transposeFloat", 1e6) > 0.1);
});

Deno.test("fitConversionTimes() never pays for a conversion", () => {
  const conversion = "dequantize" as const;
  const falling = fitConversionTimes([
    { conversion, elements: 10, ms: 0.02 },
    { conversion, elements: 1000, ms: 0.01 },
  ]);
  assert.ok(falling("dequantize", 1e7) > 0);
  const one = fitConversionTimes([{ conversion, elements: 1000, ms: 0.01 }]);
  assert.ok(Math.abs(one("dequantize", 2000) - 0.02) < 1e-12);
  const none = fitConversionTimes([{ conversion, elements: 0, ms: 0 }]);
  assert.equal(none("dequantize", 1000), 0);
});
