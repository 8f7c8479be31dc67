import type { AblationRecord } from "../record/ablation_record.ts";
import { subjectText } from "../record/given_record.ts";
import { allButChart, onlyChart } from "./ablation_chart.ts";
import {
  ablationHeadline,
  layerColumns,
  pairColumns,
  rankedLayers,
  tensorColumns,
} from "./ablation_rows.ts";
import { chartOf, tableOf, termsOf } from "./blocks.ts";
import { ablationGlossary } from "./glossary.ts";
import type { Page, Section } from "./page.ts";
import { reportChart } from "./report_chart.ts";
import { reproduceAblation } from "./reproduce.ts";
import type { Column } from "./table.ts";

/** The report of an ablation. */
export function ablationPage(record: AblationRecord): Page {
  const { title, model, data } = record;
  const [headline = "", ...notes] = ablationHeadline(record);
  return {
    title,
    kind: "int8 by layer",
    subject: `Octavo ablation of ${subjectText(model.name, record)} on ${data.name}`,
    headline,
    notes: [...record.given?.about ?? [], ...notes],
    sections: [...chartSections(record), ...tableSections(record), reproduceAblation(record), {
      title: "How to read this",
      blocks: [termsOf(ablationGlossary(record))],
    }],
  };
}

function chartSections(record: AblationRecord): Section[] {
  const has = (part: "only" | "allBut") => record.layers.some((layer) => layer[part]?.sqnr);
  const charts = [
    ...has("only")
      ? [{
        file: "only",
        title: "One layer int8",
        caption: "Each row makes one layer int8 and keeps all others in float32. Further left: " +
          "int8 there costs more. First come the layers that cost significantly in the metric, " +
          "then the others by the error of the outputs.",
        draw: (options: { width: number }) => onlyChart(record, options),
      }]
      : [],
    ...has("allBut")
      ? [{
        file: "all-but",
        title: "All layers int8 but one",
        caption: "Each row keeps one layer in float32 and makes all others int8. Further right: " +
          "keeping it in float32 helps more. Rows are in the order of the chart above.",
        draw: (options: { width: number }) => allButChart(record, options),
      }]
      : [],
  ];
  return charts.map((parts) => {
    const { title, caption } = parts;
    return { title, caption, blocks: [chartOf(reportChart(record.title, parts))] };
  });
}

function tableSections(record: AblationRecord): Section[] {
  const { tensors, pairs, leftOut } = record;
  return [
    tableSection("Layers", rankedLayers(record), layerColumns(record), {
      caption:
        "Most sensitive first. Times are of the layer's own kernels; time spent converting " +
        "between layers is not included.",
    }),
    tableSection("Pairs", pairs, pairColumns(record), {
      caption: "The most sensitive layers, two at a time. If the errors of two layers are " +
        "independent, their powers add up: then the error is 0 dB against the sum.",
    }),
    tableSection("Tensors", tensors, tensorColumns, {
      caption:
        "The error that rounding an activation to its 8 bits makes by itself, and the error " +
        "that it has with all layers int8. The spread is that of calibration, zeros left out.",
    }),
    tableSection("Left in float32", leftOut, LEFT_OUT, {
      caption: "Nodes with weights that the mapping does not make int8.",
    }),
  ].filter((section) => section !== undefined);
}

/** A section with one table; none where it would be empty. */
function tableSection<T>(
  title: string,
  rows: readonly T[],
  columns: readonly Column<T>[],
  { caption }: { readonly caption: string },
): Section | undefined {
  if (rows.length === 0) return undefined;
  return { title, caption, blocks: [tableOf(rows, columns, { label: title })] };
}

const LEFT_OUT: readonly Column<AblationRecord["leftOut"][number]>[] = [
  { head: "node", text: ({ node }) => node, code: true },
  { head: "operator", text: ({ opType }) => opType },
  { head: "why", text: ({ why }) => why, wraps: true },
];
