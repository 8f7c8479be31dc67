import { type Markup, markup } from "./markup.ts";
import { type Column, fullText } from "./table.ts";

/** A table that leaves its looks to the notebook, save for what sets columns apart. */
export function bareTable<T>(rows: readonly T[], columns: readonly Column<T>[]): Markup {
  const side = ({ numeric }: Column<T>) =>
    markup` style="text-align:${numeric ? "right" : "left"}"`;
  const heads = columns.map((column) => markup`<th${side(column)}>${column.head}</th>`);
  const lines = rows.map((row) =>
    markup`<tr>${
      columns.map((column) => markup`<td${side(column)}>${fullText(row, column)}</td>`)
    }</tr>\n`
  );
  return markup`<table>
<thead><tr>${heads}</tr></thead>
<tbody>
${lines}</tbody>
</table>`;
}
