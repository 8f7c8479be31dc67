import type { AblationRecord } from "../record/ablation_record.ts";
import { ablationHeadline, layerColumns, rankedLayers } from "./ablation_rows.ts";
import { ablationPage } from "./ablation_sections.ts";
import { markup } from "./markup.ts";
import { bareTable, show, type Shown } from "./notebook_display.ts";
import { chartsIn } from "./page.ts";
import { textTable } from "./table.ts";

/** Shows an ablation in a notebook: charts and the table of layers; elsewhere the table as text. */
export function showAblation(record: AblationRecord): Shown {
  const lines = ablationHeadline(record);
  const charts = chartsIn(ablationPage(record)).map((chart) => chart.inline("wide"));
  const layers = rankedLayers(record);
  const columns = layerColumns(record);
  return show({
    "text/html": markup`${
      lines.map((line) => markup`<p>${line}</p>\n`)
    }${charts.map((chart) => [chart, "\n"])}${bareTable(layers, columns)}`.text,
    "text/plain": `${lines.join("\n")}\n\n${textTable(layers, columns)}`,
  });
}
