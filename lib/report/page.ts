import type { Block } from "./blocks.ts";
import { escapeMarkdown } from "./markdown.ts";
import { Markup, markup } from "./markup.ts";
import css from "./page.css" with { type: "text" };
import script from "./page_script.js" with { type: "text" };
import type { ReportChart } from "./report_chart.ts";
import { DARK_STYLE } from "./theme.ts";

/** A report: what its HTML and its Markdown are both made of. */
export interface Page {
  readonly title: string;
  /** What it is, after the title in a browser's tab: `int8 study`. */
  readonly kind: string;
  /** Of what it is, above the title. */
  readonly subject: string;
  /** The result in a sentence. */
  readonly headline: string;
  /** The numbers that everybody looks for first; in HTML only, as the headline has them. */
  readonly figures?: readonly Figure[];
  /** What a reader of the headline must also know. */
  readonly notes: readonly string[];
  /** Why the result is what it is. */
  readonly reason?: string;
  readonly sections: readonly Section[];
}

/** A number to be seen from afar. */
export interface Figure {
  readonly name: string;
  readonly text: string;
  /** Its interval and what it rests on, smaller. */
  readonly more: string;
}

/** A section of a report. */
export interface Section {
  readonly title: string;
  /** What is to be seen in it. */
  readonly caption?: string;
  readonly blocks: readonly Block[];
}

/**
 * The report as one HTML file that needs nothing else: styles, charts and script inside, readable from
 * a file path, without script, on a phone and on paper. The same page gives the same bytes.
 */
export function pageHtml(page: Page): string {
  const { title, kind, subject, headline, figures, notes, reason, sections } = page;
  return `${markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}: ${kind}</title>
<style>
${new Markup(css)}${new Markup(DARK_STYLE)}
</style>
</head>
<body>
<main>
<header>
<p class="kicker">${subject}</p>
<h1>${title}</h1>
<p class="headline">${unbroken(headline)}</p>
${figures && figuresHtml(figures)}
${notes.length > 0 && notesHtml(notes)}
${reason !== undefined && markup`<p class="note">${reason}</p>`}
</header>
${sections.map(sectionHtml)}
</main>
<script>
${new Markup(script.replaceAll("</script", "<\\/script"))}</script>
</body>
</html>
`}`;
}

/**
 * The report as GitHub-flavoured Markdown, its charts as PNG files beside it in `charts/`. The same page
 * gives the same bytes.
 */
export function pageMarkdown(page: Page): string {
  const { title, subject, headline, notes, reason, sections } = page;
  const list = notes.map((note) => `- ${escapeMarkdown(note)}\n`).join("");
  const header = `# ${escapeMarkdown(title)}\n\n${escapeMarkdown(subject)}.\n\n` +
    `**${escapeMarkdown(headline)}**\n` +
    (list && `\n${list}`) +
    (reason === undefined ? "" : `\n${escapeMarkdown(reason)}\n`);
  return [header, ...sections.map(sectionMarkdown)].join("\n");
}

/** The charts of a page, in order. */
export function chartsIn({ sections }: Page): ReportChart[] {
  return sections.flatMap(({ blocks }) => blocks.flatMap(({ chart }) => chart ?? []));
}

function figuresHtml(figures: readonly Figure[]): Markup {
  return markup`<dl class="figures">
${
    figures.map(({ name, text, more }) =>
      markup`<div><dt>${name}</dt><dd><div class="value">${text}</div><div class="more">${more}</div></dd></div>
`
    )
  }</dl>`;
}

function notesHtml(notes: readonly string[]): Markup {
  return markup`<ul class="caveats">
${notes.map((note) => markup`<li>${unbroken(note)}</li>\n`)}</ul>`;
}

function sectionHtml({ title, caption, blocks }: Section): Markup {
  return markup`<section>
<h2>${title}</h2>
${caption !== undefined && markup`<p class="caption">${caption}</p>\n`}${
    blocks.map((block) => [block.html(), "\n"])
  }</section>
`;
}

function sectionMarkdown({ title, caption, blocks }: Section): string {
  return [
    `## ${escapeMarkdown(title)}\n`,
    ...caption === undefined ? [] : [`${escapeMarkdown(caption)}\n`],
    ...blocks.map((block) => block.markdown()),
  ].join("\n");
}

/** Keeps numbers and their units on one line. */
function unbroken(text: string): string {
  return text.replace(/(?<=\d) (?=(%|dB|[kM]?B|points?)(?![a-z]))/g, "\u00a0")
    .replace(/(?<=\[[^\]]*,) /g, "\u00a0");
}
