import assert from "node:assert/strict";
import { timeOneByOne } from "../../lib/profile/one_by_one.ts";
import { profileModel } from "../../lib/profile/profile_model.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { staticInt8 } from "../../lib/quantize/qconfig.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import type { Runtime } from "../../lib/runtime/runtime.ts";
import { hasty } from "../cost/hasty.ts";
import { modelOf, quantized, samplesOf } from "../quantize/fixture.ts";

/** A runtime of a build that cannot be looked into, which measures as little as it can. */
function blind(runtime: Runtime): Runtime {
  const hidden = () => Promise.resolve(undefined);
  return { ...hasty(runtime), optimized: hidden, profile: hidden };
}

const net = modelOf(
  `input x float32[1, 4, 8, 8]
   output y float32[1, 8, 4, 4]
   a = Conv(x, first.weight) @ /first/Conv
   r = Relu(a) @ /relu/Relu
   y = Conv(r, second.weight) @ /second/Conv`,
  { "first.weight": [8, 4, 3, 3], "second.weight": [8, 8, 3, 3] },
);
const samples = samplesOf({ x: [1, 4, 8, 8] }, 2);

Deno.test("where the runtime's clock cannot be read, nodes are timed one by one", async () => {
  await using runtime = openRuntime({ workers: 1 });
  const record = await profileModel(net, samples, { runtime: blind(runtime) });
  assert.equal(record.method, "alone");
  assert.deepEqual(
    record.nodes.map(({ path, opType, macs, shape }) => [path, opType, macs, shape.join()]),
    [
      ["first", "Conv", 8 * 36 * 36, "1,8,6,6"],
      ["relu", "Relu", undefined, "1,8,6,6"],
      ["second", "Conv", 8 * 16 * 72, "1,8,4,4"],
    ],
  );
  const int8 = await quantized(net, qconfigMapping({ default: staticInt8() }), samples);
  const after = await profileModel(int8, samples, { runtime: blind(runtime) });
  const convs = after.nodes.filter(({ opType }) => opType === "Conv");
  assert.deepEqual(convs.map(({ path }) => path), ["first", "second"]);
  assert.ok(convs.every(({ covers }) => covers.includes("DequantizeLinear")));
});

Deno.test("timeOneByOne() takes off what a run costs that computes nothing", async () => {
  await using runtime = openRuntime({ workers: 1 });
  const [feeds] = samples;
  // The runtime reports 5 ms for the model and 2 ms for one that gives the same without computing.
  const fake: Runtime = new Proxy(runtime, {
    get: (target, key) => {
      if (key === "times") {
        return (models: readonly { graph: { node: readonly unknown[] } }[]) =>
          Promise.resolve({
            ms: [models.map(({ graph }) => graph.node.length > 0 ? 5 : 2)],
            warmup: [],
          });
      }
      const value = Reflect.get(target, key);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  assert.deepEqual(await timeOneByOne(fake, [{ model: net, feeds: feeds! }]), [3]);
});
