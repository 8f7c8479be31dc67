import assert from "node:assert/strict";
import { profileModel } from "../../lib/profile/profile_model.ts";
import { UserError } from "../../lib/errors.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { staticInt8 } from "../../lib/quantize/qconfig.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import { profileRecord } from "../../lib/record/study_schema.ts";
import { modelOf, quantized, samplesOf } from "../quantize/fixture.ts";

/** Measuring what observing adds takes a while, and no time is looked at here. */
const NONE = { inside: () => 0, outside: 0 };

/** Two Convs with a scope each, and a Linear layer. */
function smallNet() {
  const model = modelOf(
    `input x float32[n, 8, 6, 6]
     output y float32[n, 5]
     tensor minus_one int64[2] = [0, -1]
     a = Conv(x, first.weight) {pads=[1, 1, 1, 1]}
     b = Relu(a)
     c = Conv(b, second.weight)
     d = Reshape(c, minus_one)
     y = Gemm(d, fc.weight)`,
    { "first.weight": [16, 8, 3, 3], "second.weight": [4, 16, 3, 3], "fc.weight": [64, 5] },
  );
  const names: Record<string, string> = { a: "/first/Conv", b: "/relu/Relu", c: "/second/Conv" };
  const node = model.graph.node.map((one) => ({ ...one, name: names[one.output[0]!] ?? "" }));
  return model.withGraph({ ...model.graph, node });
}

Deno.test("profileModel() leads each executed node back to its module, and counts what it does", async () => {
  await using runtime = openRuntime({ workers: 1 });
  const model = smallNet();
  const samples = samplesOf({ x: [2, 8, 6, 6] }, 3);
  const record = await profileModel(model, samples, { runtime, runs: 4, overhead: NONE });
  profileRecord.parse(record);
  assert.deepEqual(
    record.nodes.map(({ opType, path, covers, shape, macs }) => ({
      opType,
      path,
      covers: covers.join(" "),
      shape,
      macs,
    })),
    [
      {
        opType: "FusedConv",
        path: "first",
        covers: "Conv Relu",
        shape: [2, 16, 6, 6],
        macs: 2 * 16 * 36 * 72,
      },
      {
        opType: "Conv",
        path: "second",
        covers: "Conv",
        shape: [2, 4, 4, 4],
        macs: 2 * 4 * 16 * 144,
      },
      { opType: "Reshape", path: "", covers: "Reshape", shape: [2, 64], macs: undefined },
      { opType: "Gemm", path: "fc", covers: "Gemm", shape: [2, 5], macs: 640 },
    ],
  );
  assert.equal(record.runs, 4);
  assert.deepEqual(record.inputs, { x: [2, 8, 6, 6] });
  const shares = record.nodes.reduce((sum, { share }) => sum + share, 0);
  assert.ok(Math.abs(shares - 1) < 1e-9);
});

Deno.test("an int8 network is profiled module by module, boundaries with what they serve", async () => {
  await using runtime = openRuntime({ workers: 1 });
  const model = smallNet();
  const samples = samplesOf({ x: [2, 8, 6, 6] }, 2);
  const int8 = await quantized(model, qconfigMapping({ default: staticInt8() }), samples);
  const after = await profileModel(int8, samples, { runtime, runs: 4, overhead: NONE });
  const first = after.nodes.filter(({ path }) => path === "first");
  assert.deepEqual(
    first.map(({ opType }) => opType).toSorted(),
    ["QLinearConv", "QuantizeLinear", "Transpose"],
  );
});

Deno.test("profileModel() without a sample asks for one", async () => {
  await assert.rejects(profileModel(smallNet(), []), (error: UserError) => {
    assert.ok(error instanceof UserError);
    assert.match(error.message, /there is no sample to run on; give at least one/);
    return true;
  });
});
