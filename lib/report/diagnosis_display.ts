import type { DiagnosisRecord } from "../record/diagnosis_record.ts";
import { bareTable } from "./bare_table.ts";
import { diagnosisText, findingColumns, verdictLines } from "./diagnosis_text.ts";
import { markup } from "./markup.ts";
import { show, type Shown } from "./shown.ts";
import type { Column } from "./table.ts";
import type { FileFinding } from "../record/diagnosis_record.ts";

/** What a notebook shows beside the costs. */
const WORDS: readonly Column<FileFinding>[] = [
  { head: "why", text: ({ why }) => why },
  { head: "better", text: ({ mends }) => mends },
];

/** What a file costs, and why: the findings as a table. */
export function showDiagnosis(diagnosis: DiagnosisRecord): Shown {
  const paragraphs = verdictLines(diagnosis).map((line) => markup`<p>${line}</p>\n`);
  const table = bareTable(diagnosis.findings, [...findingColumns, ...WORDS]);
  return show({
    "text/html": markup`${paragraphs}${table}`.text,
    "text/plain": diagnosisText(diagnosis),
  });
}
