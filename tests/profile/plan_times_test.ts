import assert from "node:assert/strict";
import { withTimes } from "../../lib/profile/plan_times.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { float32, staticInt8 } from "../../lib/quantize/qconfig.ts";
import type { ProfiledNode, ProfileRecord } from "../../lib/record/profile_record.ts";
import { quantized, samplesOf, twoConvolutions } from "../quantize/fixture.ts";

const net = twoConvolutions();
const samples = samplesOf({ x: [1, 4, 8, 8] }, 3);
const mapping = qconfigMapping({ default: staticInt8(), rules: [["neg", float32]] });

Deno.test("withTimes() gives each node what executes for it", async () => {
  const model = await quantized(net, mapping, samples);
  const nodes = [["conv1", 2], ["conv1", 1], ["conv2", 4], ["", 9]] as const;
  const record = {
    nodes: nodes.map(([node, ms]) => ({ node, ms }) as ProfiledNode),
  } as unknown as ProfileRecord;
  const { plan } = withTimes(model, record);
  assert.deepEqual(plan.rows.map(({ node, ms }) => [node, ms]), [
    ["neg", undefined],
    ["conv1", 3],
    ["relu", undefined],
    ["conv2", 4],
  ]);
});
