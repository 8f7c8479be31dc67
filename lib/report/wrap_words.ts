/**
 * Breaks a text at spaces into lines of at most so many characters; a longer word stands alone.
 *
 * @example
 * ```ts
 * import { wrapWords } from "./wrap_words.ts";
 * import assert from "node:assert/strict";
 * assert.deepEqual(wrapWords("to be or not", 5), ["to be", "or", "not"]);
 * ```
 */
export function wrapWords(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else lines.push(word);
  }
  return lines;
}
