import assert from "node:assert/strict";
import { withErrors } from "../../lib/evaluate/plan_errors.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { float32, staticInt8 } from "../../lib/quantize/qconfig.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import { quantized, samplesOf, twoConvolutions } from "../quantize/fixture.ts";

const net = twoConvolutions();
const samples = samplesOf({ x: [1, 4, 8, 8] }, 3);
const mapping = qconfigMapping({ default: staticInt8(), rules: [["neg", float32]] });

Deno.test("withErrors() tells how far each node is from float32, where they differ", async () => {
  await using runtime = openRuntime({ workers: 1 });
  const model = await quantized(net, mapping, samples);
  const { plan } = await withErrors(model, net, samples, { runtime });
  const dB = Object.fromEntries(plan.rows.map(({ node, dB }) => [node, dB]));
  assert.equal(dB.neg, undefined); // the same to the bit
  assert.equal(dB.relu, undefined); // inside the kernel of conv1, to which its result counts
  assert.ok(dB.conv1! > 25 && dB.conv1! < 60, `${dB.conv1}`);
  assert.ok(dB.conv2! > 25 && dB.conv2! < dB.conv1! + 3, `${dB.conv2}`);
  assert.match(`${plan}`, /^node +op +asked +executes as +dB +why/m);
});
