import { wrapWords } from "../../../lib/report/wrap_words.ts";
import { titleOfRule } from "../../../lib/task/findings/layer_rules.ts";
import type { Mended } from "../../../lib/task/mended.ts";

/** Width of a page, in characters. */
const WIDTH = 98;

/** What became of a file, for a terminal: what changed, and what it is now. */
export function mendedText({ changes, notes }: Omit<Mended, "model">): string {
  const width = Math.max(0, ...changes.map(({ result }) => result.length));
  const changed = changes.flatMap(({ rule, result, words }) =>
    wrapWords([titleOfRule(rule), words].filter(Boolean).join(", "), WIDTH - width - 4).map((
      line,
      i,
    ) => `  ${(i > 0 ? "" : result).padEnd(width)}  ${line}`)
  );
  return [
    ...changed.length > 0 ? ["What changed, and how what it gives compares with the file:"] : [],
    ...changed,
    ...changed.length > 0 ? [""] : [],
    ...notes.flatMap((note) => wrapWords(note, WIDTH)),
  ].join("\n");
}
