import { visible } from "../visible.ts";

/**
 * Escapes text for a line of GitHub-flavoured Markdown, table cells included: nothing in it can open
 * emphasis, a link, HTML, mathematics or another column, and line breaks become spaces.
 *
 * @example
 * ```ts
 * import { escapeMarkdown } from "./markdown.ts";
 * import assert from "node:assert/strict";
 * assert.equal(escapeMarkdown("a|b <script> *c*"), "a\\|b &lt;script&gt; \\*c\\*");
 * ```
 */
export function escapeMarkdown(text: string): string {
  return oneLine(text)
    .replace(/[\\`*_[\]|~$#]/g, "\\$&")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    // GitHub links bare addresses and notifies people named after an @.
    .replace(/@(?=\w)/g, "@&#8203;")
    .replace(/\b(https?|www)(?=[:.])/g, "$1&#8203;");
}

/** A code span that also holds in table cells, where backticks would not protect a pipe. */
export function codeSpan(text: string): string {
  return text === "" ? "" : `<code>${escapeMarkdown(text)}</code>`;
}

/** A fenced block, with a fence longer than any run of backticks inside. */
export function codeBlock(text: string, language = ""): string {
  const runs = text.match(/`+/g) ?? [];
  const fence = "`".repeat(Math.max(3, ...runs.map((run) => run.length + 1)));
  return `${fence}${language}\n${text}\n${fence}`;
}

/** Text with every run of white space made one space, and control characters written out. */
export function oneLine(text: string): string {
  return visible(text.toWellFormed().replace(/\s+/g, " ").trim());
}
