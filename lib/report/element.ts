import { escapeText, Markup, markup, type MarkupValue } from "./markup.ts";

/** Attributes of an element; those that are `undefined` or `false` are left out. */
export type Attributes = Readonly<Record<string, string | number | false | undefined>>;

/**
 * An SVG element. Numbers are rounded to hundredths of a pixel, finer than any screen and short in the
 * file; texts are escaped.
 *
 * @example
 * ```ts
 * import { element } from "./element.ts";
 * import assert from "node:assert/strict";
 * assert.equal(`${element("circle", { cx: 1 / 3, r: 2 }, "<")}`, '<circle cx="0.33" r="2">&lt;</circle>');
 * ```
 */
export function element(
  name: string,
  attributes: Attributes,
  ...children: readonly MarkupValue[]
): Markup {
  let text = `<${name}`;
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    text += ` ${key}="${typeof value === "number" ? rounded(value) : escapeText(value)}"`;
  }
  const content = markup`${children}`.text;
  return new Markup(content === "" ? `${text}/>` : `${text}>${content}</${name}>`);
}

/**
 * Path data from commands and coordinates: `pathData("M", 0, 1 / 3, "H", 8)` is `M0 0.33H8`.
 */
export function pathData(...parts: readonly (string | number)[]): string {
  let data = "";
  let afterNumber = false;
  for (const part of parts) {
    const isNumber = typeof part === "number";
    data += isNumber ? (afterNumber ? " " : "") + rounded(part) : part;
    afterNumber = isNumber;
  }
  return data;
}

function rounded(value: number): string {
  return String(Math.round(value * 100) / 100 + 0); // + 0 turns -0 into 0
}
