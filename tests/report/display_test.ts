import assert from "node:assert/strict";
import {
  differencesOf,
  planOf as showPlan,
  scatterOf,
  sizesOf,
  trialsOf,
} from "../../lib/report/display.ts";
import { JUPYTER_DISPLAY } from "../../lib/display.ts";
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
