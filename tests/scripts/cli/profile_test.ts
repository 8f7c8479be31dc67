import assert from "node:assert/strict";
import { join } from "node:path";
import { profileRecord } from "../../../lib/record/study_schema.ts";
import { tinyModel } from "../../task/tiny.ts";
import { modelOf } from "../../quantize/fixture.ts";
import { PERMITTED, run } from "./spawn.ts";

Deno.test("profile prints a table, JSON and charts; what it cannot do it says in one line", {
  permissions: PERMITTED,
}, async () => {
  const folder = await Deno.makeTempDir();
  const at = (name: string) => join(folder, name);
  try {
    const fixed = modelOf(
      `input x float32[1, 4, 8, 8]
       output y float32[1, 8, 6, 6]
       y = Conv(x, conv.weight)`,
      { "conv.weight": [8, 4, 3, 3] },
    );
    await fixed.save(at("fixed.onnx"));
    const json = await run("profile", at("fixed.onnx"), "--json", "--chart", at("chart.png"));
    assert.equal(json.code, 0, json.stderr);
    const { nodes } = profileRecord.parse(JSON.parse(json.stdout));
    assert.deepEqual(nodes.map(({ opType, macs }) => [opType, macs]), [["Conv", 8 * 36 * 36]]);
    const png = await Deno.readFile(at("chart.png"));
    assert.deepEqual([...png.subarray(1, 4)], [..."PNG"].map((c) => c.charCodeAt(0)));

    await tinyModel().save(at("open.onnx"));
    const batch = await run("profile", at("open.onnx"), "--against", at("open.onnx"));
    assert.equal(batch.code, 0, batch.stderr);

    await modelOf("input x float32[N, frames]\noutput y float32[N, frames]\ny = Relu(x)", {})
      .save(at("open.onnx"));
    const open = await run("profile", at("open.onnx"));
    assert.equal(open.code, 1);
    assert.match(
      open.stderr,
      /^profile: Cannot make up an input for open\.onnx: "x" is float32 \[N, frames\].*--data/,
    );
    const wrong = await run("profile", at("fixed.onnx"), "--chart", "chart.gif");
    assert.equal(wrong.code, 2);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
