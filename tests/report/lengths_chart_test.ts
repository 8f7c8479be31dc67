import assert from "node:assert/strict";
import { chartSvg } from "../../lib/report/chart.ts";
import { chartsOf } from "../../lib/report/charts.ts";
import { lengthsChart } from "../../lib/report/lengths_chart.ts";
import { around, sweepStudy } from "./fixture.ts";
import { requireWellFormed } from "./xml.ts";

Deno.test("lengthsChart() has a row for each length at which the winner was timed", () => {
  const study = sweepStudy();
  const hasChart = () => chartsOf(study).some(({ file }) => file === "lengths");
  assert.ok(!hasChart());
  const winner = study.trials.find(({ key }) => key === study.winner!.key)!;
  winner.latency!.at = [[16, 0.95, 20], [128, 0.5, 160]].map(([length, ratio, ms]) => ({
    name: `length ${length}`,
    length: length!,
    ratio: around(ratio!, 0.02, 15),
    ...{ baselineMs: ms!, candidateMs: ms! * ratio! },
  }));
  assert.ok(hasChart());
  const { text } = chartSvg(lengthsChart(study, { width: 960 }), { label: "lengths" });
  requireWellFormed(text);
  assert.match(text, />length 16<.*>length 128</s);
  assert.match(text, />20\.0 → 19\.0 ms\u2003×0\.95 \[0\.93, 0\.97\]</);
  assert.match(text, />160 → 80\.0 ms\u2003×0\.50 \[0\.48, 0\.52\]</);
});
