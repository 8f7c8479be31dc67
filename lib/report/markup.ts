import { visible } from "../visible.ts";

/** HTML or SVG that is known to be safe: written by us, or escaped. */
export class Markup {
  constructor(readonly text: string) {}
  toString(): string {
    return this.text;
  }
}

/** What may stand in a hole of {@linkcode markup}; `undefined`, `null` and `false` leave nothing. */
export type MarkupValue =
  | Markup
  | string
  | number
  | false
  | null
  | undefined
  | readonly MarkupValue[];

/**
 * Builds HTML or SVG (as XML) from a template. Everything put into a hole is escaped, for text and for
 * quoted attributes alike, unless it is {@linkcode Markup} itself; lists are joined.
 *
 * Not named `html`, because `deno fmt` rewrites the white space in templates of that name.
 *
 * @example A name that would like to be a script
 * ```ts
 * import { markup } from "./markup.ts";
 * import assert from "node:assert/strict";
 * const rows = ["a", "<script>"].map((name) => markup`<li>${name}</li>`);
 * assert.equal(`${markup`<ul>${rows}</ul>`}`, "<ul><li>a</li><li>&lt;script&gt;</li></ul>");
 * ```
 */
export function markup(strings: TemplateStringsArray, ...values: readonly MarkupValue[]): Markup {
  let text = strings[0]!;
  for (const [i, value] of values.entries()) text += render(value) + strings[i + 1]!;
  return new Markup(text);
}

function render(value: MarkupValue): string {
  if (value instanceof Markup) return value.text;
  if (value === undefined || value === null || value === false) return "";
  if (typeof value === "string" || typeof value === "number") return escapeText(String(value));
  return value.map(render).join("");
}

const ENTITIES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Escapes text for HTML and XML. */
function escapeText(text: string): string {
  return legalText(text).replace(/[&<>"']/g, (c) => ENTITIES[c]!);
}

/**
 * Writes control characters out (`\x1b`) and puts U+FFFD for lone surrogates: XML cannot hold them in any
 * form, and a node may carry any bytes as its name.
 */
export function legalText(text: string): string {
  return text.toWellFormed()
    // deno-lint-ignore no-control-regex -- exactly the characters that XML 1.0 forbids
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, visible)
    .replace(/[\ufffe\uffff]/g, "\ufffd");
}
