import assert from "node:assert/strict";
import { chartsOf } from "../../lib/report/charts.ts";
import { compareLayers, profileByLayer, workOf } from "../../lib/report/profile_layers.ts";
import { profileSvg, showProfile } from "../../lib/report/profile_display.ts";
import { longestNodes, profileHeadline } from "../../lib/report/profile_table.ts";
import type { ProfiledNode, ProfileRecord } from "../../lib/record/profile_record.ts";
import { pageHtml } from "../../lib/report/page.ts";
import { studyPage } from "../../lib/report/study_sections.ts";
import { sweepStudy } from "./fixture.ts";
import { requireWellFormed } from "./xml.ts";

/** A profile of nodes given as operator, path and milliseconds. */
function profileOf(
  nodes: readonly [opType: string, path: string, ms: number][],
  name = "net.onnx",
) {
  const total = nodes.reduce((sum, [, , ms]) => sum + ms, 0);
  const record: ProfileRecord = {
    schema: 1,
    model: { name, hash: "0".repeat(64), bytes: 1000 },
    inputs: { x: [1, 3, 8, 8] },
    threads: 1,
    method: "graph",
    runs: 30,
    wholeMs: total * 1.01,
    machine: "4-core x86-64",
    load: 0.4,
    drifted: false,
    nodes: nodes.map(([opType, path, ms], i): ProfiledNode => ({
      node: ["QuantizeLinear", "Transpose"].includes(opType) ? "" : `/${path}/node_${i}`,
      opType,
      path,
      covers: [opType],
      depth: 0,
      executions: 1,
      shape: [1, 8, 4, 4],
      ms,
      share: ms / total,
      ...(opType.endsWith("Conv") && { macs: 2_000_000 }),
    })),
  };
  return record;
}

const before = profileOf([["FusedConv", "conv1", 4], ["Conv", "conv2", 2], [
  "Softmax",
  "head",
  0.5,
]]);
const after = profileOf([
  ["QuantizeLinear", "conv1", 0.1],
  ["Transpose", "conv1", 0.2],
  ["QLinearConv", "conv1", 1.7],
  ["QLinearConv", "conv2", 3],
], "net.int8.onnx");

Deno.test("profileByLayer() counts what changes precision or layout to the module it serves", () => {
  const [conv1] = profileByLayer(after);
  assert.deepEqual(conv1!.runs, ["QLinearConv", "Transpose", "QuantizeLinear"]);
  assert.ok(Math.abs(conv1!.ms - 2) < 1e-12);
  assert.deepEqual(after.nodes.map(workOf), ["boundary", "boundary", "int8", "int8"]);
});

Deno.test("compareLayers() puts first what takes longest in either, and keeps what only one has", () => {
  const layers = compareLayers(before, after);
  assert.deepEqual(layers.map(({ layer }) => layer), ["conv1", "conv2", "head"]);
  assert.equal(layers[2]!.after, undefined);
});

Deno.test("longestNodes() puts the tail into one row that keeps the sum", () => {
  const many = profileOf([
    ["Conv", "big", 100],
    ...Array.from({ length: 50 }, (_, i) => ["Relu", `r${i}`, 0.01] as [string, string, number]),
  ]);
  const rows = longestNodes(many);
  assert.equal(rows.length, 2);
  assert.equal(rows[1]!.node, "50 shorter nodes");
  assert.ok(Math.abs(rows[1]!.ms - 0.5) < 1e-9);
  assert.equal(longestNodes(before).length, 3);
});

Deno.test("a profile shows a chart and a table, and prints rates", () => {
  const text = showProfile(before).toString();
  assert.match(text, /^net\.onnx: 6\.57 ms a run on 1 thread, of which 6\.50 ms in 3 nodes/);
  assert.match(text, /conv1 +FusedConv +FusedConv +1×8×4×4 +4\.00 +61\.5 % +2\.0 +0\.5/);
  const both = showProfile(before, {
    profile: after,
    ratio: { value: 0.77, low: 0.75, high: 0.8, n: 15 },
  });
  assert.match(both.toString(), /takes ×0\.77 \[0\.75, 0\.80\] of the time, measured in turns/);
  assert.match(both.toString(), /conv2 +Conv +2\.00 +1\.0 +QLinearConv +3\.00 +0\.7 +×1\.50/);
});

Deno.test("a study with profiles shows where the time went, and what each node of the plan took", () => {
  const study = sweepStudy();
  const { key, plan } = study.trials.find(({ key }) => key === study.winner!.key)!;
  const timed = plan.map((row, i) => i === 0 ? { ...row, ms: 1.234, dB: 33.33 } : row);
  const html = pageHtml(studyPage({ ...study, profiles: { key, before, after, plan: timed } }));
  assert.match(html, /<h2>Where the time goes<\/h2>/);
  assert.match(html, /<th scope="col" class="n">ms<\/th><th scope="col" class="n">dB<\/th>/);
  assert.match(html, /<td class="n" data-h="ms">1\.23<\/td><td class="n" data-h="dB">33\.3<\/td>/);
  assert.match(html, /<dt>ms, dB<\/dt>/);
  assert.doesNotMatch(pageHtml(studyPage(study)), /ms, dB|Where the time goes/);
});

Deno.test("a study's chart of times names float32 and the winner, whose files may be called alike", () => {
  const study = sweepStudy();
  const profiles = { key: study.winner!.key, before, after, plan: [] };
  const time = chartsOf({ ...study, profiles }).find(({ file }) => file === "time")!.standalone();
  assert.match(time, />float32 as given<[^]*>winner</);
  assert.doesNotMatch(time, new RegExp(`>${before.model.name}<`));
});

Deno.test("the charts of profiles are well-formed, whatever the names", () => {
  const evil = profileOf([["Conv", `<a>&"'`, 1], ["Relu", "\u0000]]>", 0]], `"<&>"`);
  requireWellFormed(profileSvg(evil));
  requireWellFormed(profileSvg(evil, { profile: after }));
  requireWellFormed(profileSvg(profileOf([["Relu", "only", 0]])));
});

Deno.test("longestNodes() keeps an If however short, and no work counts to a rate without its time", () => {
  const profile = profileOf([
    ["Conv", "big", 1],
    ["Conv", "untimed", 0],
    ["If", "choice", 0],
    ["Relu", "a", 0],
    ["Relu", "b", 0],
  ]);
  assert.deepEqual(longestNodes(profile).map(({ opType, node }) => opType || node), [
    ...["Conv", "If", "3 shorter nodes"],
  ]);
  // 2 million multiplications in a millisecond.
  assert.match(
    profileHeadline(profile)[0]!,
    /of which 1\.00 ms in 5 nodes; 2\.0 GMAC\/s overall\.$/,
  );
});
