import { type Chart, chartSvg, svgFile } from "./chart.ts";
import type { Markup } from "./markup.ts";

/** What a chart of a report is made of. */
export interface ChartParts {
  /** Name of its files without the ending; unique in a report. */
  readonly file: string;
  readonly title: string;
  /** What is to be seen in it, in a sentence or two. */
  readonly caption: string;
  /** @param options.width Width to draw it in, px. */
  readonly draw: (options: { width: number }) => Chart;
}

/** One chart of a report, in the forms that the report needs. */
export interface ReportChart extends Pick<ChartParts, "file" | "title" | "caption"> {
  /** As an SVG file of its own, with its title. */
  standalone(): string;
  /** For the page: as wide as a screen, or as a phone. */
  inline(form: "wide" | "narrow"): Markup;
}

const WIDTHS = { wide: 960, narrow: 354 };

/**
 * Makes a chart of a report.
 *
 * @param report Title of the report, which a file of its own says before the chart's.
 */
export function reportChart(report: string, parts: ChartParts): ReportChart {
  const { file, title, caption, draw } = parts;
  return {
    file,
    title,
    caption,
    standalone: () =>
      svgFile(chartSvg(draw({ width: WIDTHS.wide }), {
        label: `${report}: ${title}. ${caption}`,
        title: `${report}: ${title.toLowerCase()}`,
        subtitle: caption,
      })),
    inline: (form) =>
      chartSvg(draw({ width: WIDTHS[form] }), { label: `${title}. ${caption}`, styled: false }),
  };
}
