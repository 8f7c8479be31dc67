import assert from "node:assert/strict";
import { JUPYTER_DISPLAY } from "../../lib/display.ts";
import { errorsOf } from "../../lib/report/error_chart.ts";
import { planOf } from "./fixture.ts";
import { requireWellFormed } from "./xml.ts";

Deno.test("errorsOf() draws each layer that has an error, and none that only moves values", () => {
  const [conv, , , pool] = planOf();
  const shown = errorsOf([
    { ...conv!, dB: 41.25 },
    { ...conv!, node: "flat", path: "", opType: "Flatten", dB: 41.25 },
    { ...pool!, dB: 35 },
    { ...conv!, path: "exact" },
  ]);
  const { "image/svg+xml": svg } = shown[JUPYTER_DISPLAY]();
  requireWellFormed(svg!);
  assert.match(svg!, /front\.0 · Conv[^]*front\.3 · MaxPool[^]*41\.3 dB[^]*35\.0 dB/);
  assert.ok(!svg!.includes("flat") && !svg!.includes("exact"));
  assert.match(`${shown}`, /front\.0 · Conv +Conv +41\.3\n.*front\.3 · MaxPool +MaxPool +35\.0/);
});

Deno.test("errorsOf() names the forms that layers have, not those that were asked for", () => {
  const [conv] = planOf();
  const shown = errorsOf([{ ...conv!, asked: "static", applied: "dynamic", dB: 40 }]);
  const { "image/svg+xml": svg } = shown[JUPYTER_DISPLAY]();
  assert.ok(svg!.includes(">dynamic<") && !svg!.includes(">static<"));
});

Deno.test("errorsOf() of a plan without errors says so", () => {
  assert.equal(`${errorsOf(planOf())}`, "No layer differs from float32.");
});
