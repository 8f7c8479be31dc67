import { codeBlock, escapeMarkdown } from "./markdown.ts";
import { type Markup, markup } from "./markup.ts";
import type { ReportChart } from "./report_chart.ts";
import { type Column, htmlTable, type HtmlTableOptions, markdownTable } from "./table.ts";

/** A part of a report's section, in both forms. */
export interface Block {
  html(): Markup;
  /** Lines of GitHub-flavoured Markdown, ended by a newline. */
  markdown(): string;
  /** The chart that it shows, which has files of its own. */
  readonly chart?: ReportChart;
}

/** A name and what it stands for. */
export interface Definition {
  readonly name: string;
  readonly text: string;
  /** A hash or a version: set in a fixed-width face. */
  readonly code?: boolean;
}

/** A chart: drawn into the page; in Markdown a picture in the folder `charts`. */
export function chartOf(chart: ReportChart): Block {
  const { title, file } = chart;
  return {
    chart,
    html: () =>
      markup`<figure><div class="wide">${chart.inline("wide")}</div><div class="narrow">${
        chart.inline("narrow")
      }</div></figure>`,
    markdown: () => `![${escapeMarkdown(title)}](charts/${file}.png)\n`,
  };
}

/**
 * A table.
 *
 * @param options.strong Rows to stress in Markdown. @default {none}
 */
export function tableOf<T>(
  rows: readonly T[],
  columns: readonly Column<T>[],
  options: HtmlTableOptions<T> & { strong?: (row: T) => boolean },
): Block {
  const { strong, ...html } = options;
  return {
    html: () => htmlTable(rows, columns, html),
    markdown: () => markdownTable(rows, columns, strong ? { strong } : {}),
  };
}

/** Text as it is, in a fixed-width face. */
export function codeOf(text: string, language: string): Block {
  return {
    html: () => markup`<pre>${text}</pre>`,
    markdown: () => `${codeBlock(text, language)}\n`,
  };
}

/** A paragraph. */
export function paragraphOf(text: string): Block {
  return {
    html: () => markup`<p class="caption">${text}</p>`,
    markdown: () => `${escapeMarkdown(text)}\n`,
  };
}

/** A block to be opened. @param head What to open it by; `code` is set in a fixed-width face. */
export function folded(
  head: { readonly code?: string; readonly text: string },
  inner: Block,
): Block {
  return {
    html: () =>
      markup`<details>
<summary>${
        head.code === undefined
          ? head.text
          : markup`<code>${head.code}</code> <span>${head.text}</span>`
      }</summary>
${inner.html()}</details>
`,
    // In a block of HTML, Markdown's escapes would show.
    markdown: () =>
      `<details>\n${markup`<summary>${
        head.code !== undefined && markup`<code>${head.code}</code> `
      }${head.text}</summary>`}\n\n${inner.markdown()}\n</details>\n`,
  };
}

/** What a report's numbers depend on: a list of names and what they stand for. */
export function factsOf(facts: readonly Definition[]): Block {
  return {
    html: () =>
      markup`<dl class="facts">
${
        facts.map(({ name, text, code }) =>
          markup`<dt>${name}</dt><dd>${code ? markup`<code>${text}</code>` : text}</dd>\n`
        )
      }</dl>`,
    markdown: () =>
      markdownTable(facts, [
        { head: "", text: ({ name }) => name },
        { head: "", text: ({ text }) => text },
      ]),
  };
}

/** Words and what they mean. */
export function termsOf(terms: readonly Definition[]): Block {
  return {
    html: () =>
      markup`<dl class="terms">
${terms.map(({ name, text }) => markup`<div><dt>${name}</dt><dd>${text}</dd></div>\n`)}</dl>`,
    markdown: () =>
      terms.map(({ name, text }) => `- **${escapeMarkdown(name)}**: ${escapeMarkdown(text)}\n`)
        .join(""),
  };
}
