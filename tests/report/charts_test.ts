import assert from "node:assert/strict";
import { infoOf } from "../../lib/evaluate/metric.ts";
import { type Chart, chartSvg } from "../../lib/report/chart.ts";
import { chartsOf } from "../../lib/report/charts.ts";
import { differenceChart } from "../../lib/report/difference_chart.ts";
import { rangeChart } from "../../lib/report/range_chart.ts";
import { samplesChart, sampleSeries } from "../../lib/report/samples_chart.ts";
import { rowChart } from "../../lib/report/row_chart.ts";
import { scatterChart } from "../../lib/report/scatter_chart.ts";
import { scatterLayout } from "../../lib/report/scatter_layout.ts";
import { sizeChart } from "../../lib/report/size_chart.ts";
import { familyStyles } from "../../lib/report/theme.ts";
import { metricWindow } from "../../lib/report/window.ts";
import { entriesOf } from "../../lib/report/trials.ts";
import { rangesOf, samplesOf } from "../../lib/report/notebook_display.ts";
import type { RangesRecord } from "../../lib/record/ranges_record.ts";
import { around, relativeStudy, studyOf, sweepStudy } from "./fixture.ts";
import { requireWellFormed } from "./xml.ts";

const frame = { x1: 46, y1: 28, x2: 958, y2: 426 };
const hostile = `<script>alert("&'")</script>\u0000]]>-->`;

function svg(chart: Chart): string {
  return chartSvg(chart, { label: hostile, title: hostile, subtitle: hostile }).text;
}

const lowerIsBetter = studyOf([
  { name: "a", family: "static", difference: 0.1, ratio: 0.5 },
  { name: "b", family: "dynamic", difference: 0.9, ratio: 0.4 },
], {
  metric: infoOf({ name: "WER", unit: "%", higherIsBetter: false }),
  baseline: { selection: around(12, 1, 64), latencyMs: 3 },
});

Deno.test("every chart is well-formed XML, whatever the names, wide and narrow", () => {
  const evil = studyOf(
    [0.4, 0.5, 0.6].map((ratio) => ({ name: `${hostile} ${ratio}`, family: hostile, ratio })),
    { title: hostile },
  );
  for (const study of [evil, sweepStudy(), relativeStudy(), lowerIsBetter]) {
    for (const draw of [scatterChart, differenceChart, sizeChart]) {
      for (const width of [960, 354]) requireWellFormed(svg(draw(study, { width })));
    }
    for (const chart of chartsOf(study)) requireWellFormed(chart.standalone());
  }
});

Deno.test("a chart paints its own white background and names no outside file", () => {
  for (const chart of chartsOf(sweepStudy())) {
    const text = chart.standalone();
    assert.match(text, /<svg [^>]*><style>[^<]*<\/style>\s*<rect [^>]*fill="#ffffff"\/>/);
    assert.doesNotMatch(
      text.replace('xmlns="http://www.w3.org/2000/svg"', ""),
      /href|url\(|http|@import/,
    );
    assert.doesNotMatch(text, /NaN|undefined|Infinity/);
  }
});

Deno.test("scatterChart() numbers each of thirty trials, and draws each once", () => {
  const study = sweepStudy(32); // two of them fail
  const { measured } = entriesOf(study);
  assert.equal(measured.length, 30);
  const text = svg(scatterChart(study));
  for (const { number } of measured) {
    assert.equal(text.split(`class="trial" data-trial="${number}"`).length, 2);
    assert.ok(text.includes(`class="label" data-trial="${number}"`), `trial ${number}`);
  }
  assert.ok(text.includes("float32 as given"));
  assert.ok(text.includes("budget: −0.5 points"));
});

Deno.test("scatterChart() draws one trial, and one that is exactly float32", () => {
  for (const ratio of [1, 0.5]) {
    const one = studyOf([{ name: "a", family: "static", ratio }]);
    one.trials[0]!.accuracy!.value = around(94.6, 0, 500);
    one.trials[0]!.latency!.ratio = { value: ratio, low: ratio, high: ratio, n: 15 };
    const text = svg(scatterChart(one));
    requireWellFormed(text);
    assert.doesNotMatch(text, /NaN|undefined|Infinity/);
  }
});

Deno.test("scatterLayout() puts the hopeless and the slow at the edge, all others to scale", () => {
  const study = sweepStudy();
  const { points, x, y } = scatterLayout(study, frame);
  const off = points.filter((point) => point.off);
  assert.deepEqual(off.map(({ entry, off }) => [entry.trial.name, off]), [
    ["static · minMax · per-tensor · all that can", { dx: 0, dy: 1 }],
    ["dynamic · Conv", { dx: 1, dy: 0 }],
  ]);
  for (const point of points) {
    assert.ok(point.x > frame.x1 && point.x < frame.x2 && point.y > frame.y1 && point.y < frame.y2);
    if (point.off) continue;
    assert.equal(point.x, x.apply(point.entry.latency.ratio.value));
    assert.equal(point.y, y.apply(point.entry.accuracy.value.value));
  }
});

Deno.test("scatterLayout() turns round where lower is better", () => {
  const { points, budget, baseline } = scatterLayout(lowerIsBetter, frame);
  const [b, a] = points; // fastest first
  assert.ok(baseline!.y > a!.y && a!.y > b!.y, "a loss goes up");
  assert.ok(budget < a!.y && budget > b!.y, "the budget lies between the two");
  assert.ok(a!.onFront && b!.onFront);
});

Deno.test("scatterLayout() joins the front from the fastest to float32", () => {
  const study = studyOf([
    { name: "fast", family: "static", difference: -2, ratio: 0.4 },
    { name: "beaten", family: "static", difference: -3, ratio: 0.6 },
    { name: "good", family: "static", difference: -1, ratio: 0.5 },
    { name: "slow", family: "dynamic", difference: -0.5, ratio: 1.2 },
  ]);
  const { points, front } = scatterLayout(study, frame);
  const names = points.filter(({ onFront }) => onFront).map(({ entry }) => entry.trial.name);
  assert.deepEqual(names, ["fast", "good"]);
  assert.equal(front.length, 3, "float32 ends it");
  assert.deepEqual(front, front.toSorted((p, q) => p.x - q.x));
});

Deno.test("metricWindow() holds budget, winner and the bulk, but not what would squeeze them", () => {
  const study = relativeStudy();
  const { low, high } = metricWindow(study, entriesOf(study).measured);
  for (const value of [30, 34.1, 41.5, 22.8]) assert.ok(value > low && value < high, `${value}`);
  assert.ok(141 > high);
});

Deno.test("a relative metric leaves float32 off its axis, and says so", () => {
  const plot = scatterChart(relativeStudy());
  assert.match(plot.note, /Not shown: float32 itself, at 150\.0 dB\./);
  assert.ok(svg(plot).includes("budget: 30 dB or more"));
  const text = svg(differenceChart(relativeStudy()));
  assert.ok(text.includes("34.1 [33.1, 35.1]"));
  assert.ok(!text.includes("minus float32"));
});

Deno.test("differenceChart() lists the trials best first, with budget and float32 as lines", () => {
  const text = svg(differenceChart(sweepStudy()));
  const order = [...text.matchAll(/class="row" data-trial="(\d+)"/g)].map(([, n]) => Number(n));
  const drops = entriesOf(sweepStudy()).measured;
  const expected = drops.toSorted((a, b) => a.drop - b.drop || a.number - b.number);
  assert.deepEqual(order, expected.map(({ number }) => number));
  assert.ok(text.includes(">budget</text>") && text.includes(">float32</text>"));
});

Deno.test("differenceChart() has a row for an int8 file that stands beside float32, which is its line", () => {
  const study = sweepStudy();
  const accuracy = { ...study.trials[0]!.accuracy!, difference: around(-1.5, 0.8, 500) };
  const reference = { name: "float32.onnx", hash: "", bytes: 9 };
  const given = { form: "int8" as const, reference, accuracy: { selection: accuracy } };
  const text = svg(differenceChart({ ...study, given }));
  assert.match(
    text,
    /class="row" data-trial="0"[^]*>the file as given<[^]*−1\.50 \[−2\.30, −0\.70\]/,
  );
  assert.ok(text.includes(">float32</text>") && !text.includes(">as given</text>"));
  const own = svg(differenceChart({ ...study, given: { form: "int8" } }));
  assert.ok(own.includes(">as given</text>") && !own.includes("the file as given"));
});

Deno.test("sizeChart() starts with float32 and goes on with the smallest", () => {
  const study = studyOf([
    { name: "big", family: "dynamic", bytes: 6_000_000 },
    { name: "small", family: "static", bytes: 2_000_000 },
  ]);
  const text = svg(sizeChart(study));
  const labels = [...text.matchAll(/>(float32 as given|\d: \w+)<\/text>/g)].map(([, l]) => l);
  assert.deepEqual(labels, ["float32 as given", "2: small", "1: big"]);
  assert.ok(text.includes("2.00 MB\u2003×0.26"));
});

Deno.test("rowChart() stays in its frame with no rows and with a hundred", () => {
  const row = (i: number) => ({ label: `layer ${i}`, value: i / 10, text: `${i}`, colour: "#000" });
  for (const count of [0, 1, 100]) {
    for (const width of [960, 354]) {
      const rows = Array.from({ length: count }, (_, i) => row(i));
      const options = { mark: "bar", axis: "ms, per run", format: String, width } as const;
      if (count === 0) {
        assert.doesNotThrow(() => rowChart(rows, { ...options, domain: [0, 1] }));
        continue;
      }
      const plot = rowChart(rows, options);
      requireWellFormed(svg(plot));
      assert.ok(plot.height >= count * 20 && plot.width === width);
    }
  }
});

Deno.test("familyStyles() gives known families their look, and each other one its own", () => {
  const styles = familyStyles(["zeta", "static", "alpha", "float32", "static"]);
  assert.deepEqual([...styles.keys()], ["float32", "static", "alpha", "zeta"]);
  assert.deepEqual(styles.get("static"), familyStyles(["static"]).get("static"));
  const looks = [...styles.values()].map(({ colour, shape }) => colour + shape);
  assert.equal(new Set(looks).size, 4);
  assert.ok(familyStyles(["constructor", "__proto__"]).get("constructor")!.colour);
});

/** Two series in several numbers of calibration samples, and a trial that has one only. */
function sizedStudy() {
  const sizes = [1, 16, 200];
  const sized = ["lp-norm 2.4", "min-max"].flatMap((observer) =>
    sizes.map((samples) => ({ series: `mixed · ${observer}`, samples }))
  );
  const calibrations = [...sized, { series: `mixed · ${hostile}`, samples: 200 }];
  const study = studyOf(calibrations.map(({ series, samples }) => ({
    ...{ name: `${series} · ${samples} samples`, family: "mixed", ratio: 0.5 },
    difference: -2 / samples,
  })));
  const trials = study.trials.map((trial, i) => ({ ...trial, calibration: calibrations[i]! }));
  return { ...study, trials };
}

const clips = (names: readonly string[]) =>
  names.map((observer, i) => ({ observer, min: -1, max: 8 - i, dB: 30 + i }));
const ranges: RangesRecord = {
  samples: 200,
  tensors: ["relu", hostile, "x"].map((tensor, i) => ({
    tensor,
    opType: i === 2 ? "" : "Relu",
    path: "",
    ...{ count: 1e6, min: -1, max: 8 },
    histogram: { start: -1, width: 0.5, counts: [1, 0, 1e5, ...Array(15).fill(40)] },
    clips: clips(["min-max", hostile, "entropy of 512 bins"]),
  })),
  others: 22,
};

Deno.test("samplesChart() draws the trials that differ in calibration samples, few first", () => {
  const study = sizedStudy();
  assert.deepEqual(
    sampleSeries(study).map(({ name, points }) => [name, points.map(({ samples }) => samples)]),
    [["mixed · lp-norm 2.4", [1, 16, 200]], ["mixed · min-max", [1, 16, 200]]],
  );
  for (const width of [960, 354]) {
    const text = svg(samplesChart(study, { width }));
    requireWellFormed(text);
    assert.equal(text.match(/data-trial=/g)!.length, 6);
    assert.doesNotMatch(text, /NaN|Infinity/);
  }
  assert.ok(chartsOf(study).some(({ file }) => file === "samples"));
  assert.ok(!chartsOf(sweepStudy()).some(({ file }) => file === "samples"));
  assert.match(`${samplesOf(sweepStudy())}`, /calibrationSizes/);
});

Deno.test("rangeChart() draws a panel for each tensor and a bar for each observer", () => {
  for (const width of [960, 354]) {
    const text = svg(rangeChart(ranges, { width }));
    requireWellFormed(text);
    assert.doesNotMatch(text, /NaN|Infinity/);
    assert.equal(text.match(/entropy of 512 bins/g)!.length, 3);
    assert.match(text, /22 other tensors/);
    const bars = [...text.matchAll(/<rect [^>]*height="([\d.]+)"/g)].map(([, height]) => height);
    assert.ok(new Set(bars).size > 3, "bars are as high as their counts");
  }
  const exact = { ...ranges, tensors: [{ ...ranges.tensors[0]!, clips: [] }] };
  requireWellFormed(svg(rangeChart(exact)));
  const study = { ...sweepStudy(), ranges };
  assert.ok(chartsOf(study).some(({ file }) => file === "ranges"));
  assert.match(`${rangesOf(study)}`, /min-max +-1 +8 +30\.0/);
});
