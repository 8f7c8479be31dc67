import { table } from "../display.ts";
import type { ComparisonRecord } from "../record/comparison_record.ts";
import { type Chart, chartSvg } from "./chart.ts";
import { show, type Shown } from "./shown.ts";
import {
  decimal,
  factor,
  factorInterval,
  isRelative,
  megabytes,
  metricFormat,
  plural,
  signed,
  SQNR_OVER_ALL,
} from "./format.ts";
import { markup } from "./markup.ts";
import { type ChartRow, rowChart, type RowChartOptions } from "./row_chart.ts";
import { COLOURS, MUTED } from "./theme.ts";
import { baselineWords } from "../record/given_record.ts";
import { timedInText } from "../record/runtime_name.ts";

/**
 * Several comparisons with the same network, side by side in the order given: what each costs in accuracy,
 * the share of that network's time it takes and of its bytes, with 95 % intervals. In a
 * notebook a chart, elsewhere a table.
 *
 * @param comparisons By name; on the same samples.
 * @example The last line of a notebook cell
 * ```ts
 * import { type ComparisonRecord, comparisonsOf } from "octavo/notebook";
 * const cell = (dynamic: ComparisonRecord, mixed: ComparisonRecord) => comparisonsOf({ dynamic, mixed });
 * ```
 * @category Charts (notebook)
 */
export function comparisonsOf(comparisons: Readonly<Record<string, ComparisonRecord>>): Shown {
  const entries = Object.entries(comparisons);
  const text = table(entries.map(textRow)).text;
  const [first] = entries;
  if (!first) return show({ "text/plain": "Nothing was compared." });
  const { metric, data, difference: { n } } = first[1];
  const title = `${metric.name}, time and size against ${baselineWords(first[1]).model}`;
  const subtitle = `${plural(n, "sample")} of ${data}. Bars: 95 % intervals.`;
  const svg = chartSvg(comparisonsChart(entries), { label: title, title, subtitle });
  return show({ "image/svg+xml": svg.text, "text/plain": text });
}

type Entry = readonly [name: string, compared: ComparisonRecord];

function textRow([name, { metric, float32, candidate, difference, outputs, latency }]: Entry) {
  const format = metricFormat({ metric, baseline: { selection: float32.value }, maxDrop: 0 });
  return {
    "": name,
    [format.heading]: `${format.value(candidate.value.value)} ${format.range(candidate.value)}`,
    ...(isRelative({ metric }) ? {} : {
      [format.differenceHeading]: `${format.difference(difference.value)} ${
        format.differenceRange(difference)
      }`,
    }),
    time: latency ? factorInterval(latency.ratio) : "",
    size: factor(candidate.bytes / float32.bytes),
    [SQNR_OVER_ALL]: outputs === undefined
      ? ""
      : outputs.sqnr === null
      ? "exact"
      : decimal(outputs.sqnr, 1),
  };
}

/** Widths of the panels, px. */
const PANELS = { accuracy: 480, time: 260, size: 220 };

/** Three charts that share their rows: accuracy, time and size. */
function comparisonsChart(entries: readonly Entry[]): Chart {
  const panels = [
    { width: PANELS.accuracy, chart: accuracyPanel(entries) },
    { width: PANELS.time, chart: timePanel(entries) },
    { width: PANELS.size, chart: sizePanel(entries) },
  ];
  let x = 0;
  const body = panels.map(({ width, chart }) => {
    const moved = markup`<g transform="translate(${x} 0)">${chart.body}</g>\n`;
    x += width;
    return moved;
  });
  const timed = entries.map(([, { latency }]) => latency).filter((latency) =>
    latency !== undefined
  );
  const rounds = Math.min(...timed.map(({ rounds }) => rounds));
  const where = [...new Set(timed.map(timedInText))].join(" and ");
  const drifted = timed.some(({ drifted }) => drifted)
    ? " The speed of the machine changed meanwhile: times are rough."
    : "";
  return {
    width: x,
    height: Math.max(...panels.map(({ chart }) => chart.height)),
    body: markup`${body}`,
    key: [],
    note: timed.length > 0
      ? `Time: both models in turns, ${plural(rounds, "round")}, ${where}.${drifted}`
      : "",
  };
}

function accuracyPanel(entries: readonly Entry[]): Chart {
  const [[, { metric, float32, given }]] = entries as [Entry];
  const { outputs, zero } = baselineWords({ given });
  const format = metricFormat({ metric, baseline: { selection: float32.value }, maxDrop: 0 });
  const relative = isRelative({ metric });
  const rows = entries.map(([label, { candidate, difference }]): ChartRow => {
    const estimate = relative ? candidate.value : difference;
    const text = relative
      ? `${format.value(estimate.value)} ${format.range(estimate)}`
      : `${format.difference(estimate.value)} ${format.differenceRange(estimate)}`;
    return { ...estimate, label, text, colour: COLOURS.blue };
  });
  return panel(rows, PANELS.accuracy, {
    mark: "dot",
    axis: relative
      ? format.heading
      : `${metric.name} minus ${outputs}'s${format.differenceUnit && `,${format.differenceUnit}`}`,
    format: relative ? decimal : signed,
    ...(relative ? {} : { lines: [{ at: 0, label: zero, dashes: "5 4" }] }),
  });
}

function timePanel(entries: readonly Entry[]): Chart {
  const { model, short } = baselineWords(entries[0]![1]);
  const rows = entries.map(([, { latency }]): ChartRow =>
    latency
      ? {
        ...latency.ratio,
        label: "",
        text: factorInterval(latency.ratio),
        colour: COLOURS.orange,
        shape: "square",
      }
      : { label: "", value: 1, text: "not timed", colour: "none" }
  );
  const ends = rows.flatMap(({ value, low = value, high = value }) => [low, high]);
  return panel(rows, PANELS.time, {
    mark: "dot",
    axis: `time, × ${model}'s`,
    format: decimal,
    domain: [Math.min(...ends, 1), Math.max(...ends, 1)],
    lines: [{ at: 1, label: short, dashes: "5 4" }],
  });
}

function sizePanel(entries: readonly Entry[]): Chart {
  const { model, short } = baselineWords(entries[0]![1]);
  const rows = entries.map(([, { candidate, float32 }]): ChartRow => ({
    label: "",
    value: candidate.bytes / float32.bytes,
    text: `${megabytes(candidate.bytes)}\u2002${factor(candidate.bytes / float32.bytes)}`,
    colour: MUTED,
  }));
  return panel(rows, PANELS.size, {
    mark: "bar",
    axis: `size, × ${model}'s`,
    format: decimal,
    lines: [{ at: 1, label: short, dashes: "5 4" }],
    domain: [0, Math.max(1, ...rows.map(({ value }) => value))],
  });
}

function panel(rows: readonly ChartRow[], width: number, options: RowChartOptions): Chart {
  return rowChart(rows, { ...options, width: width - 16, narrow: false });
}
