import type { PlanRow } from "../record/plan_record.ts";
import { baselineWords } from "../record/given_record.ts";
import type { Study } from "../record/study_record.ts";
import { bareTable } from "./bare_table.ts";
import { chartSvg } from "./chart.ts";
import { decisionCaption, decisionColumns } from "./decision_table.ts";
import { differenceChart } from "./difference_chart.ts";
import { headline } from "./headline.ts";
import { decimal } from "./format.ts";
import { markup } from "./markup.ts";
import { planColumns, planSummary } from "./plan_table.ts";
import { rangeChart } from "./range_chart.ts";
import { samplesChart, sampleSeries } from "./samples_chart.ts";
import { scatterChart } from "./scatter_chart.ts";
import { show, type Shown } from "./shown.ts";
import { sizeChart } from "./size_chart.ts";
import { textTable } from "./table.ts";
import { timedInText } from "../record/runtime_name.ts";
import { trialColumns, trialRows, trialTableText } from "./trial_table.ts";
import { entriesOf } from "./trials.ts";

/**
 * Accuracy against latency of a study's trials, with float32, the budget and the Pareto front.
 *
 * @example The last line of a notebook cell
 * ```ts
 * import type { Study } from "octavo";
 * import { scatterOf } from "octavo/notebook";
 * const cell = (study: Study) => scatterOf(study);
 * ```
 * @category Charts (notebook)
 */
export function scatterOf(study: Study): Shown {
  return showChart(study, "accuracy against latency", scatterChart);
}

/**
 * The paired difference of each trial from float32, or from the file as given, with its interval and the
 * budget.
 * @category Charts (notebook)
 */
export function differencesOf(study: Study): Shown {
  return showChart(study, `difference from ${baselineWords(study).outputs}`, differenceChart);
}

/**
 * The file size of each trial.
 * @category Charts (notebook)
 */
export function sizesOf(study: Study): Shown {
  return showChart(study, "size of the file", sizeChart);
}

/**
 * The metric against the number of calibration samples, of each configuration that was measured with
 * several: how few are enough.
 * @category Charts (notebook)
 */
export function samplesOf(study: Study): Shown {
  if (sampleSeries(study).length > 0) {
    const caption = "The same configuration with ranges from more and more calibration samples.";
    return showChart(study, "how few calibration samples suffice", samplesChart, caption);
  }
  const text =
    `${study.title}: each configuration was measured with one number of calibration samples; ` +
    `list several in "calibrationSizes"`;
  return show({ "text/plain": text });
}

/**
 * The tensors that the observers of a study disagree about most: histograms, and what each keeps.
 * @category Charts (notebook)
 */
export function rangesOf(study: Pick<Study, "ranges" | "title">): Shown {
  const { ranges, title } = study;
  if (!ranges) return show({ "text/plain": `${title}: nothing was calibrated` });
  const heading = `${title}: what observers keep`;
  const rows = ranges.tensors.flatMap(({ tensor, clips }) =>
    clips.map((clip) => ({ tensor, ...clip }))
  );
  const text = textTable(rows, [
    { head: "tensor", text: ({ tensor }) => tensor },
    { head: "observer", text: ({ observer }) => observer },
    { head: "min", text: ({ min }) => String(Number(min.toPrecision(4))), numeric: true },
    { head: "max", text: ({ max }) => String(Number(max.toPrecision(4))), numeric: true },
    {
      head: "SQNR, dB",
      text: ({ dB }) => dB === null ? "exact" : decimal(dB, 1),
      numeric: true,
    },
  ]);
  const svg = chartSvg(rangeChart(ranges), { label: heading, title: heading });
  return show({ "image/svg+xml": svg.text, "text/plain": `${heading}\n\n${text}` });
}

/**
 * The trial table of a study.
 * @category Charts (notebook)
 */
export function trialsOf(study: Study): Shown {
  const timed = `Timed in ${timedInText(study.provenance)}.`;
  const html = markup`${bareTable(trialRows(study), trialColumns(study))}\n<p>${timed}</p>`;
  return show({ "text/html": html.text, "text/plain": `${trialTableText(study)}\n${timed}` });
}

/**
 * What a search decided for each layer: its form, what that saves and costs, and the next best. Of a study
 * that is no search, or has no winner, it says so.
 * @category Charts (notebook)
 */
export function decisionsOf(study: Study): Shown {
  const { search, title } = study;
  if (!search || search.decisions.length === 0) {
    return show({
      "text/plain":
        `${title}: this study has no decisions; they come from a search that found a winner`,
    });
  }
  const { decisions } = search;
  const columns = decisionColumns(study, decisions);
  const caption = decisionCaption(search);
  const html = markup`<p>${caption}</p>\n${bareTable(decisions, columns)}`;
  const text = `${caption}\n\n${textTable(decisions, columns)}`;
  return show({ "text/html": html.text, "text/plain": text });
}

/**
 * The plan table of a quantized model: node, path, op, asked, executes, ms and dB if known, why.
 *
 * @example
 * ```ts
 * import { convert, qconfigMapping, weightOnly } from "octavo";
 * import { parseModel } from "octavo/advanced";
 * import { planOf } from "octavo/notebook";
 * import assert from "node:assert/strict";
 *
 * const model = parseModel(`
 *   input x float32[N, 2]
 *   output y float32[N, 1]
 *   tensor w float32[2, 1] = [0.5, -1.0]
 *   y = Gemm(x, w) @ head`);
 * const mapping = qconfigMapping({ default: weightOnly() });
 * const { plan } = convert(model, mapping);
 * assert.match(String(planOf(plan.rows)), /head +.*Gemm +.*weights/);
 * ```
 * @category Tables (notebook)
 */
export function planOf(plan: readonly PlanRow[]): Shown {
  const html = markup`<p>${planSummary(plan)}</p>\n${bareTable(plan, planColumns(plan))}`;
  const text = `${planSummary(plan)}\n\n${textTable(plan, planColumns(plan))}`;
  return show({ "text/html": html.text, "text/plain": text });
}

type Draw = typeof scatterChart | typeof sizeChart;

function showChart(study: Study, title: string, draw: Draw, subtitle = headline(study)): Shown {
  const text = `${headline(study)}\n\n${trialTableText(study)}`;
  // Without a measured trial there is nothing to draw, and the text says so.
  if (entriesOf(study).measured.length === 0) return show({ "text/plain": text });
  const heading = `${study.title}: ${title}`;
  const svg = chartSvg(draw(study), { label: heading, title: heading, subtitle });
  return show({ "image/svg+xml": svg.text, "text/plain": text });
}
