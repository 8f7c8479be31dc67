import assert from "node:assert/strict";
import { join } from "node:path";
import { writeNpz } from "../../../lib/data/npz.ts";
import type { AblationRecord } from "../../../lib/record/ablation_record.ts";
import { tinyArrays, tinyModel } from "../../task/tiny.ts";
import { PERMITTED, run } from "./spawn.ts";

Deno.test("ablate writes a report, takes up what was measured, and says what it cannot do", {
  permissions: PERMITTED,
}, async () => {
  const folder = await Deno.makeTempDir();
  const at = (name: string) => join(folder, name);
  try {
    await tinyModel().save(at("tiny.onnx"));
    await writeNpz(at("data.npz"), { x: tinyArrays(40).x });
    const settings = ["--data", at("data.npz"), "--screening", "4", "--pairs", "0", "--no-times"];
    const first = await run("ablate", at("tiny.onnx"), ...settings, "--out", at("out"), "--json");
    assert.equal(first.code, 0, first.stderr);
    const record: AblationRecord = JSON.parse(first.stdout);
    assert.deepEqual(record.layers.map(({ path }) => path), ["front.conv1", "front.conv2", "head"]);
    assert.ok(record.layers.every(({ only, allBut }) => only?.sqnr && allBut?.sqnr));
    const html = await Deno.readTextFile(at("out/report.html"));
    assert.match(html, /<h2>One layer int8<\/h2>/);
    const again = await run("ablate", at("tiny.onnx"), ...settings, "--out", at("out"), "--json");
    const { cost }: AblationRecord = JSON.parse(again.stdout);
    assert.equal(cost.runs, 0);
    const text = await run("ablate", at("tiny.onnx"), ...settings, "--out", at("out"));
    assert.match(text.stdout, /^Metric: agreement in %/);
    assert.equal((text.stdout + text.stderr).match(/Metric: /g)?.length, 1);
    const wrong = await run("ablate", at("tiny.onnx"), ...settings, "--layers", "tail");
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /^ablate: Cannot ablate the layer "tail"/m);
    const bare = await run("ablate", at("tiny.onnx"));
    assert.equal(bare.code, 2);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
