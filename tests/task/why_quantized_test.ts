import assert from "node:assert/strict";
import type { KernelTimer } from "../../lib/cost/kernel_times.ts";
import { timeKernels } from "../../lib/cost/time_kernels.ts";
import { arrays } from "../../lib/data/arrays.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { float32, staticInt8 } from "../../lib/quantize/qconfig.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import { whyQuantized } from "../../lib/task/why_quantized.ts";
import { hasty } from "../cost/hasty.ts";
import { modelOf, quantized, samplesOf } from "../quantize/fixture.ts";

Deno.test("whyQuantized() times every form of the layers asked for, and names the one that was asked for", async () => {
  await using runtime = hasty(openRuntime({ workers: 1 }));
  const model = modelOf(
    `input x float32[n, 32]
     output y float32[n, 8]
     a = Gemm(x, w1) @ first
     y = Gemm(a, w2) @ second`,
    { w1: [32, 16], w2: [16, 8] },
  );
  const samples = samplesOf({ x: [2, 32] }, 2);
  const mapping = qconfigMapping({
    default: staticInt8({ kernels: "any" }),
    rules: [["second", float32]],
  });
  const int8 = await quantized(model, mapping, samples);
  let timed = 0;
  const kernelTimer: KernelTimer = async (forms) => {
    timed += forms.length;
    const times = await timeKernels(runtime, forms, { inside: () => 0, outside: 0 }, { minMs: 1 });
    return times!.map((time) => ({ ...time, ms: 1, conversions: [] }));
  };
  const [x] = samples;
  const told = await whyQuantized(model, int8, arrays({ x: x!["x"]! }), {
    ...{ layers: ["second", "first"], runtime, kernelTimer, cache: false },
  });
  assert.deepEqual(
    told.map(({ node, forms }) => [node, forms[0]!.form, forms[0]!.why.slice(0, 9)]),
    [["first", "static int8", "as asked:"], ["second", "Gemm", "as asked:"]],
  );
  for (const { forms } of told) {
    assert.deepEqual(
      forms.map(({ form }) => form).toSorted(),
      ["Gemm", "dynamic int8", "static int8"],
    );
    const static8 = forms.find(({ form }) => form === "static int8")!;
    assert.ok(static8.dB! > 30 && static8.bytes! > 0);
  }
  assert.ok(timed > 0);
});
