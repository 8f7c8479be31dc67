import { visible } from "./visible.ts";

/**
 * The method by which a value shows itself in Deno's Jupyter kernel: it returns the value in several
 * MIME types and the front end takes the richest it knows.
 *
 * @example A cell's own value that shows itself
 * ```ts
 * import { JUPYTER_DISPLAY, type Shown } from "octavo/notebook";
 * import assert from "node:assert/strict";
 * const bar = (share: number): Shown => ({
 *   [JUPYTER_DISPLAY]: () => ({ "text/html": `<progress value="${share}">` }),
 *   toString: () => "#".repeat(Math.round(10 * share)),
 * });
 * assert.equal(`${bar(0.3)}`, "###");
 * ```
 * @category Tables (notebook)
 */
export const JUPYTER_DISPLAY: unique symbol = Symbol.for("Jupyter.display");

/**
 * A value by MIME type, as a notebook wants it.
 * @category Tables (notebook)
 */
export type MimeBundle = Record<string, string>;

/**
 * Rows under column headings. Shows itself in a notebook and prints as text.
 * @category Tables (notebook)
 */
export class Table {
  /** An HTML `<table>`, escaped. */
  readonly html: string;
  /** Columns in line, headings underlined; no newline at the end. */
  readonly text: string;

  /**
   * Makes one of both forms; {@linkcode table} lays out rows.
   *
   * @param html An HTML `<table>`, escaped.
   * @param text The same as text.
   */
  constructor(html: string, text: string) {
    this.html = html;
    this.text = text;
  }

  /** The text form. */
  toString(): string {
    return this.text;
  }

  /** @ignore */
  [JUPYTER_DISPLAY](): MimeBundle {
    return { "text/html": this.html, "text/plain": this.text };
  }
}

/**
 * Lays out rows as a table. Numbers stand to the right, with at most four digits behind the point;
 * hand over texts where something else is to be read. `null` and `undefined`
 * leave the cell empty.
 *
 * @param rows One object per row.
 * @param columns Keys to show, in order. @default {the keys of all rows, in order of appearance}
 * @example
 * ```ts
 * import { table } from "octavo/notebook";
 * import assert from "node:assert/strict";
 * const rows = [{ observer: "minMax", "top-1": 94.25 }, { observer: "percentile", "top-1": 94.4 }];
 * assert.equal(
 *   table(rows).text,
 *   "observer    top-1\n" +
 *     "----------  -----\n" +
 *     "minMax      94.25\n" +
 *     "percentile   94.4",
 * );
 * ```
 * @category Tables (notebook)
 */
export function table(
  rows: readonly Readonly<Record<string, unknown>>[],
  columns: readonly string[] = [...new Set(rows.flatMap((row) => Object.keys(row)))],
): Table {
  const cells = rows.map((row) => columns.map((column) => cellText(row[column])));
  const toTheRight = columns.map((column) => {
    const values = rows.map((row) => row[column]).filter((value) => value != null);
    return values.length > 0 && values.every(isNumeric);
  });
  return new Table(layHtml(columns, cells, toTheRight), layText(columns, cells, toTheRight));
}

/** Replaces the characters that mean something in HTML, in text as in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function layText(columns: readonly string[], cells: string[][], toTheRight: boolean[]): string {
  const widths = columns.map((column, j) =>
    Math.max(width(column), ...cells.map((row) => width(row[j]!)))
  );
  const line = (texts: readonly string[]) =>
    texts.map((text, j) => {
      const space = " ".repeat(widths[j]! - width(text));
      return toTheRight[j] ? space + text : text + space;
    }).join("  ").trimEnd();
  return [columns, widths.map((count) => "-".repeat(count)), ...cells].map(line).join("\n");
}

function layHtml(columns: readonly string[], cells: string[][], toTheRight: boolean[]): string {
  const line = (tag: "th" | "td", texts: readonly string[]) => {
    const tags = texts.map((text, j) => {
      const side = toTheRight[j] ? "right" : "left";
      return `<${tag} style="text-align:${side}">${escapeHtml(text)}</${tag}>`;
    });
    return `<tr>${tags.join("")}</tr>`;
  };
  return `<table><thead>${line("th", columns)}</thead>` +
    `<tbody>${cells.map((row) => line("td", row)).join("")}</tbody></table>`;
}

function cellText(value: unknown): string {
  if (value == null) return "";
  if (typeof value === "number" && !Number.isInteger(value)) {
    return String(Math.abs(value) >= 1 ? Number(value.toFixed(4)) : Number(value.toPrecision(4)));
  }
  return visible(String(value));
}

function isNumeric(value: unknown): boolean {
  return typeof value === "number" || typeof value === "bigint" ||
    (typeof value === "string" && /^[-+−±x×]?\d[\d.,]*(\s?(%|dB|ms|MB|kB|B|s))?$/.test(value));
}

/** Characters as a reader counts them, so that "×" and "±" stay in line. */
function width(text: string): number {
  return [...text].length;
}
