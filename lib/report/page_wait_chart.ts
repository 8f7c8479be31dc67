import type { Study } from "../record/study_record.ts";
import type { Chart } from "./chart.ts";
import { count, decimal, factor, megabytes, numbered } from "./format.ts";
import { downloadMs, MBIT_PER_S, pageWaitText } from "./page_wait.ts";
import { type ChartRow, rowChart } from "./row_chart.ts";
import { COLOURS, MUTED } from "./theme.ts";
import { entriesOf, type MeasuredEntry } from "./trials.ts";
import { PLAIN_BUILD } from "../ship/web_runtime.ts";
import { baselineWords } from "../record/given_record.ts";

/** What a page waits for, one after the other. */
const STEPS = [
  { label: `download at ${MBIT_PER_S} Mbit/s`, colour: MUTED },
  { label: "create the session", colour: COLOURS.blue },
  { label: "first result", colour: COLOURS.orange },
] as const;

/** Milliseconds of each of the steps. */
type Waits = readonly [download: number, create: number, first: number];

/** Of float32 and of the winner; undefined where it was not measured. */
function waitsOf(
  study: Study,
): { float32: Waits; candidate: Waits; winner: MeasuredEntry } | undefined {
  const { winner } = entriesOf(study);
  const { coldStart, download } = winner?.trial ?? {};
  const before = study.model.download;
  if (!winner || !coldStart || !download || !before) return undefined;
  const { create, first } = coldStart;
  return {
    float32: [downloadMs(before.brotli), create.baseline, first.baseline],
    candidate: [downloadMs(download.brotli), create.candidate, first.candidate],
    winner,
  };
}

/** Whether it is known what a page waits for that opens the winner. */
export function isPageWaitKnown(study: Study): boolean {
  return waitsOf(study) !== undefined;
}

/** What a page waits for until the first result, in float32 and in the winner, in sentences. */
export function pageWaitCaption(study: Study): string {
  const { coldStart, download } = entriesOf(study).winner!.trial;
  return "Milliseconds until the first result at a first visit, where nothing is in the browser's cache. " +
    pageWaitText(coldStart!, download, baselineWords(study).model);
}

/** What a page waits for until the first result: download, session, first run, in float32 and in the winner. */
export function pageWaitChart(study: Study, options: { width?: number } = {}): Chart {
  const { float32, candidate, winner } = waitsOf(study)!;
  const sum = (waits: readonly number[]) => waits.reduce((total, ms) => total + ms, 0);
  const row = (label: string, waits: Waits): ChartRow => {
    const rounded = waits.map(Math.round);
    const whole = `${count(sum(rounded))} ms`; // of what is shown, so that it adds up
    const ratio = factor(sum(waits) / sum(float32));
    return {
      label,
      value: sum(waits),
      parts: waits.map((value, step) => ({ value, colour: STEPS[step]!.colour })),
      text: `${rounded.map(count).join(" + ")} = ${whole}\u2003${ratio}`,
      shortText: `${whole}\u2003${ratio}`,
      colour: MUTED,
    };
  };
  const rows = [
    { ...row(baselineWords(study).row, float32), number: 0 },
    {
      ...row(numbered(winner.number, winner.trial.name), candidate),
      number: winner.number,
      strong: true,
    },
  ];
  const chart = rowChart(rows, {
    mark: "bar",
    axis: "ms until the first result",
    format: decimal,
    width: options.width,
  });
  const { name, bytes, brotli } = PLAIN_BUILD.wasm;
  return {
    ...chart,
    key: STEPS.map((step) => ({ ...step, glyph: "bar" })),
    note: `Models after brotli. The runtime comes on top for both: ${name}, ${megabytes(bytes)}, ${
      megabytes(brotli)
    } after brotli (${
      count(Math.round(downloadMs(brotli)))
    } ms), and its start, once for all models.`,
  };
}
