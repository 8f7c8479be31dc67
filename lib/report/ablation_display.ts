import type { AblationRecord } from "../record/ablation_record.ts";
import { ablationHeadline, ablationText, layerColumns, rankedLayers } from "./ablation_rows.ts";
import { ablationPage } from "./ablation_sections.ts";
import { bareTable } from "./bare_table.ts";
import { markup } from "./markup.ts";
import { chartsIn } from "./page.ts";
import { show, type Shown } from "./shown.ts";

/** Shows an ablation in a notebook: charts and the table of layers; elsewhere the table as text. */
export function showAblation(record: AblationRecord): Shown {
  const lines = ablationHeadline(record).map((line) => markup`<p>${line}</p>\n`);
  const charts = chartsIn(ablationPage(record)).map((chart) => [chart.inline("wide"), "\n"]);
  const table = bareTable(rankedLayers(record), layerColumns(record));
  return show({
    "text/html": markup`${lines}${charts}${table}`.text,
    "text/plain": ablationText(record),
  });
}
