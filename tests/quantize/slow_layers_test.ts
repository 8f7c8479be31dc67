import assert from "node:assert/strict";
import { calibrate } from "../../lib/calibrate/calibrate.ts";
import { convert } from "../../lib/quantize/convert.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { prepare } from "../../lib/quantize/prepare.ts";
import { float32, staticInt8, weightOnly } from "../../lib/quantize/qconfig.ts";
import { explainSlow, slowUnder, withoutSlow } from "../../lib/quantize/slow_layers.ts";
import { samplesOf, twoConvolutions } from "./fixture.ts";

const model = twoConvolutions();
const mapping = qconfigMapping({ default: staticInt8() });
const slow = [{ nodes: ["conv1", "relu"], int8Ms: 2, float32Ms: 0.5 }];

Deno.test("withoutSlow() computes a slow layer in float32, and the plan has both times", async () => {
  const placed = withoutSlow(mapping, slow, weightOnly());
  const calibration = await calibrate(prepare(model, placed), samplesOf({ x: [1, 4, 8, 8] }, 2));
  const int8 = explainSlow(convert(model, placed, calibration), slow);
  const forms = Object.fromEntries(
    int8.plan.rows.map(({ node }, i) => [node, int8.traces[i]!.form]),
  );
  assert.deepEqual([forms.conv1, forms.relu, forms.conv2], ["weightOnly", "float32", "static"]);
  const row = int8.plan.rows.find(({ node }) => node === "conv1")!;
  assert.deepEqual([row.asked, row.applied], ["static", "weightOnly"]);
  assert.equal(
    row.why,
    "weightOnly instead: its int8 kernel takes 2.00 ms, float32's 0.500 ms with changes of precision " +
      "around it",
  );
  assert.equal(int8.plan.rows.find(({ node }) => node === "conv2")!.why, "default");
});

Deno.test("slowUnder() leaves out what a mapping makes no static int8 anyway", () => {
  assert.deepEqual(slowUnder(model.graph, mapping, slow), slow);
  assert.deepEqual(slowUnder(model.graph, qconfigMapping({ default: float32 }), slow), []);
  assert.equal(withoutSlow(mapping, [], weightOnly()), mapping);
});
