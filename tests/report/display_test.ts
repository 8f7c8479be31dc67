import assert from "node:assert/strict";
import {
  decisionsOf,
  differencesOf,
  planOf as showPlan,
  scatterOf,
  sizesOf,
  trialsOf,
} from "../../lib/report/notebook_display.ts";
import { JUPYTER_DISPLAY } from "../../lib/display.ts";
import type { DecisionRow, SearchRecord } from "../../lib/record/search_record.ts";
import { planOf, studyOf, sweepStudy } from "./fixture.ts";
import { requireWellFormed } from "./xml.ts";

Deno.test("charts show themselves in a notebook as SVG, and as a table in text", () => {
  for (const show of [scatterOf, differencesOf, sizesOf]) {
    const shown = show(sweepStudy());
    const bundle = shown[JUPYTER_DISPLAY]();
    assert.deepEqual(Object.keys(bundle).toSorted(), ["image/svg+xml", "text/plain"]);
    requireWellFormed(bundle["image/svg+xml"]!);
    assert.equal(`${shown}`, bundle["text/plain"]);
    assert.ok(`${shown}`.includes("×0.42 [0.41, 0.43]"));
  }
});

Deno.test("decisionsOf() shows what a search decided, and says where none did", () => {
  assert.match(`${decisionsOf(sweepStudy())}`, /this study has no decisions/);
  const decision: DecisionRow = {
    ...{ node: "/front/Conv", path: "front", opType: "Conv", kernels: 1, form: "static" },
    ...{ ms: 0.5, savesMs: 0.25, savesBytes: 3000, dB: 41.5, drop: 0.01, why: "a third faster" },
  };
  const search: SearchRecord = {
    ...{ objective: "latency", minutes: 1, ended: "", notes: [], front: [], decisions: [decision] },
  };
  const shown = decisionsOf({ ...sweepStudy(), search });
  assert.match(shown[JUPYTER_DISPLAY]()["text/html"]!, /<table>[^]*\/front\/Conv[^]*41\.5/);
  assert.match(`${shown}`, /^1 layer: 1 static/);
});

Deno.test("scatterOf() of an empty study is text alone", () => {
  const bundle = scatterOf(studyOf([]))[JUPYTER_DISPLAY]();
  assert.deepEqual(Object.keys(bundle), ["text/plain"]);
  assert.match(bundle["text/plain"]!, /No configuration has been measured yet/);
});

Deno.test("trialsOf() and planOf() show tables, escaped", () => {
  const trials = trialsOf(sweepStudy())[JUPYTER_DISPLAY]();
  assert.ok(trials["text/html"]!.includes("&lt;script&gt;"));
  assert.ok(trials["text/html"]!.includes("×0.42 [0.41, 0.43]"));
  const plan = showPlan(planOf(1));
  assert.match(plan[JUPYTER_DISPLAY]()["text/html"]!, /<table>[^]*QLinearConv[^]*<\/table>/);
  assert.match(`${plan}`, /^13 nodes, asked to be 6 static/);
});
