import assert from "node:assert/strict";
import { calibrate } from "../../lib/calibrate/calibrate.ts";
import { latencyRatio } from "../../lib/evaluate/latency.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { convert } from "../../lib/quantize/convert.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { prepare } from "../../lib/quantize/prepare.ts";
import { staticInt8, weightOnly } from "../../lib/quantize/qconfig.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import type { Runtime } from "../../lib/runtime/runtime.ts";
import { type Converted, keepSpeed } from "../../lib/task/keep_speed.ts";
import { modelOf, samplesOf } from "../quantize/fixture.ts";
import { pacedRuntime } from "./tiny.ts";

/** Two convolutions with a Sin between them, which is float32: two parts in int8. */
const network = modelOf(
  `input x float32[1, 8, 6, 6]; output y float32[1, 4, 4, 4]
   a = Conv(x, v) {pads=[1, 1, 1, 1]} @ first; r = Relu(a) @ relu
   s = Sin(r) @ sin; y = Conv(s, w) @ second`,
  { v: [16, 8, 3, 3], w: [4, 16, 3, 3] },
);
const samples = samplesOf({ x: [1, 8, 6, 6] }, 2);
const small = weightOnly();

async function converted(): Promise<Converted> {
  const mapping = qconfigMapping({ default: staticInt8({ otherwise: small }) });
  const calibration = await calibrate(prepare(network, mapping), samples);
  return {
    int8: convert(network, mapping, calibration),
    float32: network,
    ...{ mapping, calibration },
  };
}

const formsOf = ({ int8 }: Converted) =>
  Object.fromEntries(int8.plan.rows.map(({ node }, i) => [node, int8.traces[i]!.form]));

const quantizes = ({ graph }: Model) =>
  graph.node.filter(({ opType }) => opType === "QuantizeLinear").length;

Deno.test("keepSpeed() leaves int8 alone that is no slower, or whose time nobody knows", async () => {
  const int8 = await converted();
  const even = pacedRuntime();
  assert.equal(await keepSpeed(network, int8, samples, { runtime: even, small }), int8);
  // What was measured before counts: it is not measured again.
  const never = pacedRuntime(() => {
    throw new Error("timed");
  });
  const latency = latencyRatio({ ms: [[2, 1], [2, 1], [2, 1]] });
  assert.equal(await keepSpeed(network, int8, samples, { runtime: never, small, latency }), int8);
  // Slower in the median, and no slower when nothing else runs.
  const disturbed = pacedRuntime();
  const turns = [...Array(4).fill([1, 1]), ...Array(11).fill([1.2, 1.9])];
  disturbed.times = () => Promise.resolve({ ms: turns, warmup: [0, 0] });
  assert.equal(await keepSpeed(network, int8, samples, { runtime: disturbed, small }), int8);
  // Twice as slow, by less than a call costs.
  const short = pacedRuntime((model) => quantizes(model) === 0 ? 0.02 : 0.04);
  assert.equal(await keepSpeed(network, int8, samples, { runtime: short, small }), int8);
  let round = 0;
  // Three times as slow in the median, but anything between a half and thirty times.
  const busy = pacedRuntime((model) => quantizes(model) === 0 ? 1 : [0.5, 3, 30][round++ % 3]!);
  assert.equal(await keepSpeed(network, int8, samples, { runtime: busy, small }), int8);
});

Deno.test("keepSpeed() stores all weights small where int8 is slower and nobody knows which", async () => {
  const runtime = pacedRuntime((model) => quantizes(model) === 0 ? 1 : 1.4);
  const kept = await keepSpeed(network, await converted(), samples, { runtime, small });
  assert.equal(quantizes(kept.int8), 0);
  assert.deepEqual(formsOf(kept), {
    ...{ first: "weightOnly", relu: "float32", sin: "float32", second: "weightOnly" },
  });
  assert.match(kept.note!, /^Here int8 takes ×1\.40 \[1\.37, 1\.43\] of float32's time, so /);
  const [first] = kept.int8.plan.rows;
  assert.equal(first!.asked, "static");
  assert.equal(first!.applied, "weightOnly");
  assert.match(first!.why, /^weightOnly instead: int8 takes ×1\.40/);
  assert.ok(kept.int8.bytes().length < 0.5 * network.bytes().length);
});

Deno.test("keepSpeed() puts back the parts alone that are slower in int8", async () => {
  const real = openRuntime({ workers: 1 });
  const runtime: Runtime = {
    ...pacedRuntime((model) => [1, 0.7, 1.4][quantizes(model) / 2]!),
    optimized: (model) => real.optimized(model),
    async profile(model, feeds) {
      const profile = await real.profile(model, feeds, { runs: 3 });
      // The first has 16 channels and takes 4 ms in int8, the second half a millisecond; float32 1 ms each.
      const msOf = (opType: string, channels: number | undefined) =>
        opType === "QLinearConv" ? (channels === 4 ? 0.5 : 4) : /Conv/.test(opType) ? 1 : 0.01;
      return profile && {
        ...profile,
        nodes: profile.nodes.map((node) => {
          const [, ...dims] = node.outputs[0] ?? [];
          const time = msOf(node.opType, dims.includes(4) && !dims.includes(16) ? 4 : 16);
          return { ...node, ms: node.ms.map(() => time) };
        }),
      };
    },
  };
  try {
    const kept = await keepSpeed(network, await converted(), samples, { runtime, small });
    assert.deepEqual(formsOf(kept), {
      ...{ first: "weightOnly", relu: "float32", sin: "float32", second: "static" },
    });
    assert.match(kept.note!, /1 layer of 2 that could be int8 would lose time by it/);
    const [first, , , second] = kept.int8.plan.rows;
    assert.match(first!.why, /^weightOnly instead: .* takes 4\.\d+ ms, .* 1\.\d+ ms in float32$/);
    assert.equal(second!.why, "default");
  } finally {
    real.close();
  }
});
