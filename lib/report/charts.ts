import type { Study } from "../record/study_record.ts";
import { type Chart, chartSvg, svgFile } from "./chart.ts";
import { differenceChart } from "./difference_chart.ts";
import { isRelative } from "./format.ts";
import type { Markup } from "./markup.ts";
import { profileComparisonChart } from "./profile_chart.ts";
import { rangeChart } from "./range_chart.ts";
import { samplesChart, sampleSeries } from "./samples_chart.ts";
import { scatterChart } from "./scatter_chart.ts";
import { sizeChart } from "./size_chart.ts";
import { entriesOf } from "./trials.ts";

/** One chart of the report, in the forms the report needs. */
export interface ReportChart {
  /** Name of its files without the ending; unique in a report. */
  readonly file: string;
  readonly title: string;
  /** What is to be seen in it, in a sentence or two. */
  readonly caption: string;
  /** As an SVG file of its own, with its title. */
  standalone(): string;
  /** For the page: as wide as a screen, or as a phone. */
  inline(form: "wide" | "narrow"): Markup;
}

const WIDTHS = { wide: 960, narrow: 354 };

/** The charts of a study in the order of its report; none where nothing was measured. */
export function chartsOf(study: Study): ReportChart[] {
  if (entriesOf(study).measured.length === 0) return [];
  const chart = (
    file: string,
    title: string,
    caption: string,
    draw: (study: Study, options: { width: number }) => Chart,
  ): ReportChart => ({
    file,
    title,
    caption,
    standalone: () =>
      svgFile(chartSvg(draw(study, { width: WIDTHS.wide }), {
        label: `${study.title}: ${title}. ${caption}`,
        title: `${study.title}: ${title.toLowerCase()}`,
        subtitle: caption,
      })),
    inline: (form) =>
      chartSvg(draw(study, { width: WIDTHS[form] }), { label: `${title}. ${caption}` }),
  });
  return [
    chart(
      "accuracy-latency",
      "Accuracy against latency",
      "Left is faster. The line joins the configurations that no other beats in both.",
      scatterChart,
    ),
    isRelative(study)
      ? chart(
        "difference",
        "Closeness to float32",
        `${study.metric.name} of each configuration's outputs with float32's own.`,
        differenceChart,
      )
      : chart(
        "difference",
        "What each configuration costs",
        "The difference from float32 on the same samples. Where an interval holds 0, the difference " +
          "may as well be chance.",
        differenceChart,
      ),
    chart(
      "size",
      "Size of the file",
      "What a browser has to download before compression.",
      sizeChart,
    ),
    ...sampleSeries(study).length > 0
      ? [chart(
        "samples",
        "How few samples suffice",
        "The same configuration with ranges from more and more calibration samples. Where intervals " +
          "overlap, more of them may as well have gained nothing.",
        samplesChart,
      )]
      : [],
    ...study.ranges?.tensors.length
      ? [chart(
        "ranges",
        "What observers keep",
        "The activations whose range the observers of the study see most differently. What lies outside " +
          "of a range is clipped; the wider the range, the coarser its 255 steps.",
        ({ ranges }, options) => rangeChart(ranges!, options),
      )]
      : [],
    ...study.profiles
      ? [chart(
        "time",
        "Where the time goes",
        "Milliseconds of each layer in one run, in float32 and in the winner: what changes precision " +
          "or layout counts to the layer that it serves.",
        timeChart,
      )]
      : [],
  ];
}

function timeChart({ profiles }: Study, options: { width: number }): Chart {
  return profileComparisonChart(profiles!.before, profiles!.after, options);
}
