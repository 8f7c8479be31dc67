/**
 * Characters that move a terminal's cursor, colour what follows, ring or turn the order of letters: C0
 * and C1 controls, DEL, and the marks of bidirectional text.
 */
// deno-lint-ignore no-control-regex -- they are what is looked for
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

const LETTERS: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/**
 * A text on one line, with what a terminal would obey instead of showing written out: `\x1b`. Names in
 * a file may hold anything.
 *
 * @example
 * ```ts
 * import { visible } from "./visible.ts";
 * import assert from "node:assert/strict";
 * assert.equal(visible("conv\x1b[7m\n"), "conv\\x1b[7m\\n");
 * ```
 */
export function visible(text: string): string {
  return text.replace(CONTROLS, (character) => LETTERS[character] ?? codeOf(character));
}

/** The same for a text of several lines, which stay lines. */
export function visibleLines(text: string): string {
  return text.replace(CONTROLS, (character) => character === "\n" ? "\n" : visible(character));
}

/** As JSON writes it too from DEL on, where a text in JSON may hold the character itself. */
function codeOf(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x7f
    ? `\\x${code.toString(16).padStart(2, "0")}`
    : `\\u${code.toString(16).padStart(4, "0")}`;
}
