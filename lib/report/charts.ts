import type { Study } from "../record/study_record.ts";
import type { Chart } from "./chart.ts";
import { differenceChart } from "./difference_chart.ts";
import { isRelative } from "./format.ts";
import { isTimedAt, lengthsCaption, lengthsChart } from "./lengths_chart.ts";
import { isPageWaitKnown, pageWaitCaption, pageWaitChart } from "./page_wait_chart.ts";
import { profileComparisonChart } from "./profile_chart.ts";
import { rangeChart } from "./range_chart.ts";
import { type ReportChart, reportChart } from "./report_chart.ts";
import { samplesChart, sampleSeries } from "./samples_chart.ts";
import { scatterChart } from "./scatter_chart.ts";
import { sizeChart } from "./size_chart.ts";
import { entriesOf } from "./trials.ts";
import { baselineWords } from "../record/given_record.ts";

/** A chart that a report may have. */
interface Entry extends Pick<ReportChart, "file"> {
  readonly title: string | ((study: Study) => string);
  readonly caption: string | ((study: Study) => string);
  readonly draw: (study: Study, options: { width: number }) => Chart;
  /** Whether a study has what it shows. @default {always} */
  readonly when?: (study: Study) => boolean;
}

/** In the order of the report. */
const ENTRIES: readonly Entry[] = [
  {
    file: "accuracy-latency",
    title: "Accuracy against latency",
    caption:
      "Further left is faster. The line joins the configurations that no other beats in both.",
    draw: scatterChart,
  },
  {
    file: "difference",
    title: (study) => `Closeness to ${baselineWords(study).outputs}`,
    caption: (study) =>
      `${study.metric.name} of each configuration's outputs with ${
        baselineWords(study).outputs
      }'s own.`,
    draw: differenceChart,
    when: isRelative,
  },
  {
    file: "difference",
    title: "What each configuration costs",
    caption: (study) =>
      `The difference from ${
        baselineWords(study).outputs
      } on the same samples. Where an interval holds 0, ` +
      "the difference may be chance.",
    draw: differenceChart,
    when: (study) => !isRelative(study),
  },
  {
    file: "size",
    title: "Size of the file",
    caption: "What a browser has to download before compression.",
    draw: sizeChart,
  },
  {
    file: "lengths",
    title: "Time against length",
    caption: lengthsCaption,
    draw: lengthsChart,
    when: isTimedAt,
  },
  {
    file: "page-wait",
    title: "What a page waits for",
    caption: pageWaitCaption,
    draw: pageWaitChart,
    when: isPageWaitKnown,
  },
  {
    file: "samples",
    title: "How few samples suffice",
    caption:
      "The same configuration with ranges from more and more calibration samples. Where intervals " +
      "overlap, more samples may have gained nothing.",
    draw: samplesChart,
    when: (study) => sampleSeries(study).length > 0,
  },
  {
    file: "ranges",
    title: "What observers keep",
    caption:
      "The activations whose ranges differ most between the observers of the study. Values outside a " +
      "range are clipped; the wider the range, the coarser its 255 steps.",
    draw: ({ ranges }, options) => rangeChart(ranges!, options),
    // One observer alone cannot be compared with anything.
    when: ({ ranges }) =>
      ranges !== undefined && ranges.tensors.some(({ clips }) => clips.length > 1),
  },
  {
    file: "time",
    title: "Where the time goes",
    caption: (study) =>
      `Milliseconds of each layer in one run, in ${
        baselineWords(study).model
      } and in the winner. ` +
      "Conversions of precision or layout count to the layer that they serve.",
    draw: (study, options) =>
      profileComparisonChart(study.profiles!.before, study.profiles!.after, {
        ...options,
        names: [baselineWords(study).row, "winner"],
      }),
    when: ({ profiles }) => profiles !== undefined,
  },
];

/** The charts of a study in the order of its report; none where nothing was measured. */
export function chartsOf(study: Study): ReportChart[] {
  if (entriesOf(study).measured.length === 0) return [];
  return ENTRIES.filter(({ when }) => when?.(study) ?? true)
    .map(({ file, title, caption, draw }) =>
      reportChart(study.title, {
        file,
        title: typeof title === "string" ? title : title(study),
        caption: typeof caption === "string" ? caption : caption(study),
        draw: (options) => draw(study, options),
      })
    );
}
