import assert from "node:assert/strict";
import { type KernelTimer, KernelTimes } from "../../lib/cost/kernel_times.ts";
import { slowInt8Layers } from "../../lib/cost/slow_int8.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import type { Runtime } from "../../lib/runtime/runtime.ts";
import { pacedRuntime } from "../task/tiny.ts";
import { samplesOf, twoConvolutions } from "../quantize/fixture.ts";

/** What int8 takes of each Conv, by its channels; float32 takes 1 ms, both conversions 0.2 ms. */
function timer(int8Ms: Record<number, number>): KernelTimer {
  return (timed) =>
    Promise.resolve(timed.map(({ subgraph: { model: { graph } } }) => {
      const isInt8 = graph.node.some(({ opType }) => opType === "QuantizeLinear");
      const channels = graph.initializer.map(({ dims }) => dims).find((dims) => dims.length === 4);
      const ms = isInt8 ? int8Ms[Number(channels?.[1])]! : 1;
      const steps = ["quantize", "dequantize"] as const;
      const conversions = steps.map((conversion) => ({ conversion, elements: 4, ms: 0.1 }));
      return {
        ...{ ms, meanMs: ms, runs: [], conversions: isInt8 ? conversions : [] },
        ...{ input: "float" as const, output: "float" as const },
      };
    }));
}

const model = twoConvolutions();
const [sample] = samplesOf({ x: [1, 4, 8, 8] }, 1);

async function slowWith(runtime: Runtime, int8Ms: Record<number, number>) {
  const kernelTimer = timer(int8Ms);
  const kernelTimes = await KernelTimes.open(runtime, { cache: false, kernelTimer });
  return await slowInt8Layers(model, sample!, { kernelTimes, runtime });
}

Deno.test("a layer is slow in int8 if float32 is faster with both changes of precision, beyond doubt", async () => {
  await using runtime = openRuntime({ workers: 1 });
  const slow = await slowWith(runtime, { 4: 7.7, 8: 1.4 }); // 1.4 is less than 1.25 times 1.2
  assert.equal(slow.length, 1);
  assert.ok(slow[0]!.nodes.includes("conv1") && !slow[0]!.nodes.includes("conv2"));
  assert.deepEqual([slow[0]!.int8Ms, slow[0]!.float32Ms], [7.7, 1.2]);
  assert.deepEqual(await slowWith(runtime, { 4: 0.3, 8: 0.3 }), []);
});

Deno.test("nothing is slow by a runtime that tells no times of nodes", async () => {
  assert.deepEqual(await slowWith(pacedRuntime(), { 4: 99, 8: 99 }), []);
});
