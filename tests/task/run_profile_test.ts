import assert from "node:assert/strict";
import { JUPYTER_DISPLAY } from "../../lib/display.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { staticInt8 } from "../../lib/quantize/qconfig.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import { profile } from "../../lib/task/run_profile.ts";
import { modelOf, quantized, samplesOf } from "../quantize/fixture.ts";

const net = modelOf(
  `input x float32[n, 8, 6, 6]
   output y float32[n, 4, 4, 4]
   a = Conv(x, first.weight) @ /first/Conv
   b = Relu(a) @ /relu/Relu
   y = Conv(b, second.weight) @ /second/Conv`,
  { "first.weight": [16, 8, 2, 2], "second.weight": [4, 16, 2, 2] },
);
const samples = samplesOf({ x: [2, 8, 6, 6] }, 2);

Deno.test("profile() shows two networks beside each other, module by module", async () => {
  await using runtime = openRuntime({ workers: 1 });
  const int8 = await quantized(net, qconfigMapping({ default: staticInt8() }), samples);
  const options = { runtime, runs: 4, overhead: { inside: () => 0, outside: 0 } };
  const before = await profile(net, samples, options);
  const after = await profile(int8, samples, options);
  assert.match(before.toString(), /\nfirst +FusedConv/);
  const shown = await before.against(after)[JUPYTER_DISPLAY]();
  assert.match(shown["text/html"]!, /<svg [^]*<table>/);
  assert.match(shown["text/plain"]!, /\nfirst +FusedConv .*QLinearConv/);
});
