import assert from "node:assert/strict";
import { executesText, planGroups, planSummary } from "../../lib/report/plan_table.ts";
import { htmlTable, markdownTable, textTable } from "../../lib/report/table.ts";
import { trialRows, trialTableText } from "../../lib/report/trial_table.ts";
import { entriesOf } from "../../lib/report/trials.ts";
import { planOf, relativeStudy, studyOf, sweepStudy } from "./fixture.ts";

const columns = [
  { head: "name", text: ({ name }: { name: string }) => name, code: true },
  {
    head: "top-1 | %",
    text: ({ value }: { value: number }) => String(value),
    interval: () => "[1, 2]",
    sort: ({ value }: { value: number }) => value,
    numeric: true,
    sorted: "ascending" as const,
  },
];
const rows = [{ name: "a|b", value: 5 }, { name: "<i>", value: 12 }];

Deno.test("htmlTable() escapes, carries sort keys, and says how it is sorted", () => {
  const text = htmlTable(rows, columns, { label: "Trials", sortable: true }).text;
  assert.ok(
    text.includes('<th scope="col" class="n" data-sort aria-sort="ascending">top-1 | %</th>'),
  );
  assert.ok(text.includes("<td><code>&lt;i&gt;</code></td>"));
  assert.ok(text.includes('<td class="n" data-v="12">12 <small>[1, 2]</small></td>'));
  const plain = htmlTable(rows, columns, { label: "Trials" }).text;
  assert.ok(!plain.includes("data-") && !plain.includes("aria-sort"));
});

Deno.test("htmlTable() lets paths break behind their separators", () => {
  const [name] = columns;
  const text = htmlTable([{ name: "/front/0.bn/Conv", value: 1 }], [name!], { label: "" }).text;
  assert.ok(text.includes("<code>/<wbr>front/<wbr>0.<wbr>bn/<wbr>Conv</code>"));
});

Deno.test("markdownTable() has as many cells in every line, pipes or not", () => {
  const lines = markdownTable(rows, columns, { strong: ({ value }) => value === 12 })
    .trimEnd().split("\n");
  assert.deepEqual(lines, [
    "| name | top-1 \\| % |",
    "| :--- | ---: |",
    "| <code>a\\|b</code> | 5 \\[1, 2\\] |",
    "| **<code>&lt;i&gt;</code>** | **12 \\[1, 2\\]** |",
  ]);
});

Deno.test("textTable() lines columns up", () => {
  assert.equal(
    textTable(rows, columns),
    "name  top-1 | %\n" +
      "a|b    5 [1, 2]\n" +
      "<i>   12 [1, 2]\n",
  );
});

Deno.test("entriesOf() orders by what was measured, not by when", () => {
  const study = sweepStudy();
  const turned = { ...study, trials: study.trials.toReversed() };
  assert.deepEqual(entriesOf(turned), entriesOf(study));
  const ratios = entriesOf(study).measured.map(({ latency }) => latency.ratio.value);
  assert.deepEqual(ratios, ratios.toSorted((a, b) => a - b));
});

Deno.test("entriesOf() counts a trial that was never finished among the failed", () => {
  const study = studyOf([{ name: "a", family: "static" }]);
  delete study.trials[0]!.latency;
  const { measured, failed } = entriesOf(study);
  assert.deepEqual([measured.length, failed.length], [0, 1]);
  assert.match(trialRows(study)[1]!.error!, /Not measured to the end/);
});

Deno.test("entriesOf() keeps the budget at its very edge", () => {
  const at = (difference: number) =>
    entriesOf(studyOf([{ name: "a", family: "static", difference }])).measured[0]!.isWithinBudget;
  assert.deepEqual([94.1 - 94.6, -0.51, 3].map(at), [true, false, true]);
});

Deno.test("trialRows() starts with float32 and remarks what there is to remark", () => {
  const found = trialRows(sweepStudy());
  assert.equal(found[0]!.name, "float32 as given");
  assert.deepEqual(found[1]!.remarks, ["winner"]);
  const conv = found.find(({ name }) => name === "dynamic · Conv")!;
  assert.deepEqual(conv.remarks, ["slower", "drifted"]);
  assert.equal(found.filter(({ kind }) => kind === "failed").length, 2);
  assert.equal(new Set(found.map(({ number }) => number)).size, found.length);
});

Deno.test("trialTableText() is a table of one line per trial, with reasons below", () => {
  const text = trialTableText(
    studyOf([
      { name: "static · CNN", family: "static", difference: -0.2, ratio: 0.45 },
      { name: "broken", family: "static", error: "It\nbroke" },
    ]),
  );
  assert.equal(
    text,
    [
      "#  configuration              top-1, %    difference, points  SQNR over all values, dB       latency ratio     size  remarks",
      "   float32 as given  94.6 [92.6, 96.6]                     –                         –               ×1.00  7.62 MB",
      "1  static · CNN      94.4 [92.4, 96.4]  −0.20 [−0.64, +0.24]                      24.1  ×0.45 [0.44, 0.46]  2.14 MB",
      "2  broken                            –                     –                         –                   –        –  failed",
      "",
      "2: broken failed: It broke",
      "",
    ].join("\n"),
  );
});

Deno.test("trialTableText() leaves the difference from a relative metric out", () => {
  const text = trialTableText(relativeStudy());
  assert.ok(!text.includes("difference"));
  assert.ok(text.includes("34.1 [33.1, 35.1]"));
});

Deno.test("planGroups() keeps a short plan whole and cuts a long one by module", () => {
  assert.deepEqual(planGroups(planOf(8)).map(({ title }) => title), [""]);
  const groups = planGroups(planOf(16));
  assert.deepEqual(groups.map(({ title }) => title), [
    "front",
    ...Array.from({ length: 8 }, (_, i) => `trunk.layer${i + 1}`),
    "gru",
    "fc",
  ]);
  assert.equal(groups.flatMap(({ rows }) => rows).length, planOf(16).length);
  assert.equal(groups[1]!.summary, "14 nodes, asked to be 12 static, 2 float32");
});

Deno.test("the trial table counts nodes that run, of those in the file, where records have them", () => {
  const sketch = studyOf([{ name: "a", family: "static" }]);
  assert.doesNotMatch(trialTableText(sketch), /nodes/);
  const [trial] = sketch.trials;
  const trials = [{ ...trial!, nodes: { file: 1261, executed: 402 } }];
  const model = { ...sketch.model, nodeCounts: { file: 380 } };
  const text = trialTableText({ ...sketch, trials, model });
  assert.match(text, /402 of 1,261/);
  assert.match(text, /float32 as given .* 380/);
});

Deno.test("planGroups() groups nodes without a path by operator, however many there are", () => {
  const rows = planOf(40).map((row) => ({ ...row, path: "" }));
  const titles = planGroups(rows).map(({ title }) => title);
  assert.ok(titles.includes("Conv, no module path"));
  assert.equal(new Set(titles).size, titles.length);
});

Deno.test("planSummary() and executesText() count, most frequent first", () => {
  assert.equal(planSummary([]), "0 nodes, asked to be nothing");
  assert.equal(
    planSummary(planOf(1)),
    "13 nodes, asked to be 6 static, 5 float32, 1 dynamic, 1 weightOnly",
  );
  assert.equal(
    executesText({ GRU: 2, QLinearConv: 20, Add: 2 }),
    "In the runtime: 20 QLinearConv, 2 Add, 2 GRU.",
  );
  assert.equal(executesText({}), "");
});
