import { assertEquals, assertRejects } from "@std/assert";
import { calibrate, calibrateSizes, type Watched } from "../../lib/calibrate/calibrate.ts";
import { percentile } from "../../lib/calibrate/observers.ts";
import { arrays } from "../../lib/data/arrays.ts";
import { stateful } from "../../lib/data/stateful.ts";
import { UserError } from "../../lib/errors.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import { type Feeds, float32 } from "../../lib/tensor/tensor.ts";
import { normal } from "../random.ts";
import { modelOf } from "../runtime/models.ts";
import { seen } from "./arrays.ts";

/** Watches the input, and a Relu in the middle; the network takes any number of rows. */
const watched: Watched = {
  model: modelOf(
    `input x float32[n, 4]; output y float32[n, 4]; output r float32[n, 4]
     r = Relu(x) @ relu; y = Neg(r)`,
    "relu.onnx",
  ),
  tensors: ["x", "r"],
};

/** Samples of 1, 2, 3, ... rows. */
function ragged(count: number): Feeds[] {
  return Array.from({ length: count }, (_, i) => {
    return { x: float32([i + 1, 4], normal(4 * (i + 1), i + 1)) };
  });
}

Deno.test("calibrate() sees what the network's tensors hold, sample by sample", async () => {
  const samples = ragged(5);
  const { statistics, samples: count } = await calibrate(watched, samples);
  const values = samples.map(({ x }) => x!.data as Float32Array);
  assertEquals(count, 5);
  assertEquals(statistics.get("x"), seen(...values));
  assertEquals(statistics.get("r"), seen(...values.map((x) => x.map((v) => Math.max(v, 0)))));
});

Deno.test("calibrate() sees the same on a runtime, on a session, and of a generator", async () => {
  const samples = ragged(40);
  function* generate() {
    yield* samples;
  }
  async function* trickle() {
    yield* samples;
    await Promise.resolve();
  }
  await using runtime = openRuntime({ workers: 2 });
  const expected = await calibrate(watched, samples);
  assertEquals(await calibrate(watched, samples, { runtime }), expected);
  assertEquals(await calibrate(watched, generate()), expected);
  assertEquals(await calibrate(watched, trickle(), { runtime }), expected);
  assertEquals(await calibrate(watched, arrays(samples)), expected);
});

Deno.test("calibrate() stops reading after maxSamples", async () => {
  let made = 0;
  function* endless() {
    for (;;) yield { x: float32([1, 4], [made++, 0, 0, 0]) };
  }
  const { samples, statistics } = await calibrate(watched, endless(), { maxSamples: 3 });
  assertEquals([samples, made, statistics.get("x")!.max], [3, 3, 2]);
  const six = await calibrate(watched, arrays(ragged(6)), { maxSamples: 2 });
  assertEquals(six.samples, 2);
});

Deno.test("calibrateSizes() sees what calibrations on fewer samples see, in one run", async () => {
  const samples = ragged(12);
  const layouts = { ...watched, channelAxes: new Map([["x", 1]]) };
  const found = await calibrateSizes(layouts, samples, [12, 3, 7]);
  for (const [i, maxSamples] of [12, 3, 7].entries()) {
    assertEquals(found[i], await calibrate(layouts, samples, { maxSamples }));
  }
  const refuse = (sizes: number[], message: string) =>
    assertRejects(() => calibrateSizes(watched, samples, sizes), UserError, message);
  await refuse([3, 20], "Cannot calibrate relu.onnx on 20 samples: there are only 12");
  await refuse([2.5, 4], "on 2.5 samples: it takes a whole number from 1");
});

Deno.test("calibrate() watches channels where it is asked to", async () => {
  const channelAxes = new Map([["r", -1]]);
  const { statistics } = await calibrate({ ...watched, channelAxes }, [
    { x: float32([2, 4], [1, -2, 3, 0, 5, -6, 1, 0]) },
  ]);
  assertEquals([...statistics.get("r")!.channels!.max], [5, 0, 3, 0]);
  assertEquals([...statistics.get("r")!.channels!.sum], [6, 0, 4, 0]);
  assertEquals(statistics.get("x")!.channels, undefined);
});

Deno.test("calibrate() feeds back the state of a stream", async () => {
  const summing = modelOf(
    `input x float32[1]; input s float32[1]; output s_out float32[1]; s_out = Add(s, x)`,
  );
  const data = stateful(arrays({ x: float32([5], [1, 1, 1, 1, 1]) }), {
    state: { s_out: "s" },
    lengths: [3, 2],
    initial: { s: float32([1], [10]) },
  });
  await using runtime = openRuntime({ workers: 1 });
  for (const options of [{}, { runtime }]) {
    const { statistics } = await calibrate(
      { model: summing, tensors: ["s", "s_out"] },
      data,
      options,
    );
    assertEquals(statistics.get("s"), seen([10], [11], [12], [10], [11]));
    assertEquals(statistics.get("s_out"), seen([11], [12], [13], [11], [12]));
    // States of the network alone: it still has to run.
    const states = await calibrate({ model: summing, tensors: ["s"] }, data, options);
    assertEquals(states.statistics.get("s"), statistics.get("s"));
  }
});

Deno.test("calibrate() takes one element, an empty batch, constants and zeros", async () => {
  const rows = (n: number, value: number) => ({
    x: float32([n, 4], new Float32Array(4 * n).fill(value)),
  });
  const empty = await calibrate(watched, [rows(0, 0)]);
  assertEquals([empty.samples, empty.statistics.get("x")!.count], [1, 0]);
  const mixed = await calibrate(watched, [rows(0, 0), rows(1, -3), rows(2, 0)]);
  assertEquals(percentile(100).range(mixed.statistics.get("x")!), { min: -3, max: 0 });
  assertEquals(percentile(99).range(mixed.statistics.get("r")!), { min: 0, max: 0 });
});

Deno.test("calibrate() names node, sample and value that are not numbers", async () => {
  const dividing: Watched = {
    model: modelOf(
      `input x float32[n]; output y float32[n]; output d float32[n]
       d = Div(x, x) @ divide; y = Neg(d)`,
      "divide.onnx",
    ),
    tensors: ["x", "d"],
  };
  const rejects = (samples: Feeds[], message: string) =>
    assertRejects(() => calibrate(dividing, samples), UserError, message);
  await rejects(
    [{ x: float32([2], [1, 2]) }, { x: float32([2], [1, 0]) }],
    'Cannot calibrate divide.onnx: in sample 1, tensor "d", made by Div node "divide", holds NaN ' +
      "at index 1; check the sample and its normalisation, or keep the node in float32",
  );
  await rejects(
    [{ x: float32([1], [Infinity]) }],
    'in sample 0, tensor "d", made by Div node "divide", holds NaN at index 0',
  );
});

Deno.test("calibrate() says which sample the network refuses, and why", async () => {
  const samples = [...ragged(2), { x: float32([1, 3], [1, 2, 3]) }];
  const message = /input "x" has shape \[1, 3\].*\(sample 2\)/s;
  const refused = await assertRejects(() => calibrate(watched, samples), UserError);
  assertEquals(message.test((refused as Error).message), true, (refused as Error).message);
  await assertRejects(() => calibrate(watched, []), UserError, "there are no calibration samples");
});

Deno.test("calibrate() refuses to watch integers and inputs that are not there", async () => {
  const counting: Watched = {
    model: modelOf(`input n int32[1]; output y int32[1]; y = Add(n, n) @ add`, "count.onnx"),
    tensors: ["n", "y"],
  };
  const n = { type: "int32", dims: [1], data: Int32Array.of(1) } as const;
  await assertRejects(
    () => calibrate(counting, [{ n }]),
    UserError,
    'Cannot calibrate count.onnx: in sample 0, input "n" is int32; only float32 tensors have a range',
  );
  await assertRejects(
    () => calibrate({ ...counting, tensors: ["n"] }, [{}]),
    UserError,
    'in sample 0, input "n" is missing',
  );
});

Deno.test("calibrate() says which tensor changed its channels", async () => {
  const channelAxes = new Map([["x", 0]]);
  await assertRejects(
    () => calibrate({ ...watched, channelAxes }, ragged(2)),
    UserError,
    'in sample 1, input "x": There are 2 channels along axis 0, before 1',
  );
});
