import { type Markup, markup, type MarkupValue } from "./markup.ts";
import { codeSpan, escapeMarkdown, oneLine } from "./markdown.ts";

/** One column of a table, for every form a table takes. */
export interface Column<T> {
  readonly head: string;
  /** What a reader sees. Plain text; each form escapes it as it must. */
  readonly text: (row: T) => string;
  /** The interval that belongs to it: written after it, in HTML in grey below. */
  readonly interval?: (row: T) => string;
  /** A mark before the text, in HTML only. */
  readonly glyph?: (row: T) => Markup | undefined;
  /** What sorting goes by; present on sortable columns. Rows without a value go last. */
  readonly sort?: (row: T) => number | string | undefined;
  /** Numbers stand to the right, in figures of one width. */
  readonly numeric?: boolean;
  /** Long text that may break into lines; all other cells keep to one. */
  readonly wraps?: boolean;
  /** Node names, operators, hashes: set in a fixed-width face. */
  readonly code?: boolean;
  /** How the column is sorted as given. */
  readonly sorted?: "ascending" | "descending";
}

/** Options for {@linkcode htmlTable}. */
export interface HtmlTableOptions<T> {
  /** Says what the table holds, for those who cannot see it. */
  label: string;
  /** Attributes of a row, e.g. markup` class="base"`. @default none */
  row?: (row: T) => Markup;
  /** Mark the table for the page's script, which makes its heads sort. @default {false} */
  sortable?: boolean;
}

/** Columns from which on a table is too wide for a phone. */
const FEWEST_OF_CARDS = 4;

/** The table as HTML. Complete without script; `data-v` carries the keys that sorting goes by. */
export function htmlTable<T>(
  rows: readonly T[],
  columns: readonly Column<T>[],
  options: HtmlTableOptions<T>,
): Markup {
  const { label, row: attributes = () => markup``, sortable = false } = options;
  const heads = columns.map((column) => {
    const key = sortable && column.sort && markup` data-sort`;
    const order = sortable && column.sorted && markup` aria-sort="${column.sorted}"`;
    return markup`<th scope="col"${classOf(column)}${key}${order}>${column.head}</th>`;
  });
  // On a phone, a wide table is a card for each row, which wants the heads in its cells.
  const cards = columns.length >= FEWEST_OF_CARDS;
  const first = columns.find(({ numeric }) => !numeric) ?? columns[0];
  const cell = (row: T, column: Column<T>) => {
    const text = column.text(row);
    const head = cards && text !== "" && markup` data-h="${column.head}"`;
    const key = sortable && column.sort ? column.sort(row) : undefined;
    const value = key !== undefined && markup` data-v="${key}"`;
    const content = column.code && text !== "" ? markup`<code>${breakable(text)}</code>` : text;
    const interval = column.interval?.(row) ?? "";
    const below = interval !== "" && markup` <small>${interval}</small>`;
    return markup`<td${classOf(column, cards && column === first)}${head}${value}>${
      column.glyph?.(row)
    }${content}${below}</td>`;
  };
  const lines = rows.map((row) =>
    markup`<tr${attributes(row)}>${columns.map((column) => cell(row, column))}</tr>\n`
  );
  const names = [sortable && "sortable", cards && "cards"].filter(Boolean).join(" ");
  return markup`<div class="scroll" role="region" tabindex="0" aria-label="${label}">
<table${names !== "" && markup` class="${names}"`}>
<thead><tr>${heads}</tr></thead>
<tbody>
${lines}</tbody>
</table>
</div>
`;
}

/** Lets a long path break after its separators. */
function breakable(text: string): MarkupValue {
  return text.split(/(?<=[/.])(?=[^/.])/).map((part, i) => [i > 0 && markup`<wbr>`, part]);
}

function classOf<T>({ numeric, wraps }: Column<T>, first = false): MarkupValue {
  const names = [numeric && "n", wraps && "w", first && "first"].filter(Boolean).join(" ");
  return names !== "" && markup` class="${names}"`;
}

/** Options for {@linkcode markdownTable}. */
export interface MarkdownTableOptions<T> {
  /** Rows to set in bold. @default none */
  strong?: (row: T) => boolean;
}

/** The table as GitHub-flavoured Markdown. */
export function markdownTable<T>(
  rows: readonly T[],
  columns: readonly Column<T>[],
  options: MarkdownTableOptions<T> = {},
): string {
  const { strong = () => false } = options;
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const cell = (row: T, column: Column<T>) => {
    const text = fullText(row, column);
    if (text === "") return "";
    const escaped = column.code ? codeSpan(text) : escapeMarkdown(text);
    return strong(row) ? `**${escaped}**` : escaped;
  };
  return [
    line(columns.map(({ head }) => escapeMarkdown(head))),
    line(columns.map(({ numeric }) => numeric ? "---:" : ":---")),
    ...rows.map((row) => line(columns.map((column) => cell(row, column)))),
  ].join("\n") + "\n";
}

/** The table as plain text in columns, for a terminal. Width counts code points. */
export function textTable<T>(rows: readonly T[], columns: readonly Column<T>[]): string {
  const cells = [
    columns.map(({ head }) => head),
    ...rows.map((row) => columns.map((column) => oneLine(fullText(row, column)))),
  ];
  const width = columns.map((_, i) => Math.max(...cells.map((line) => [...line[i]!].length)));
  const pad = (text: string, i: number) => {
    const space = " ".repeat(width[i]! - [...text].length);
    return columns[i]!.numeric ? space + text : text + space;
  };
  return cells.map((line) => line.map(pad).join("  ").trimEnd() + "\n").join("");
}

/** Value and interval of a cell on one line. */
export function fullText<T>(row: T, { text, interval }: Column<T>): string {
  return [text(row), interval?.(row)].filter(Boolean).join(" ");
}
