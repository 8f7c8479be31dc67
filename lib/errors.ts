/**
 * A mistake in what the user brought: a file, a data set, a configuration. The message says what was
 * being done, with what, what was found and what would help; command lines print it without a stack
 * trace and end with exit code 1.
 * @example
 * ```ts
 * import { UserError } from "octavo";
 * import { parseModel } from "octavo/advanced";
 * import assert from "node:assert/strict";
 * assert.throws(() => parseModel("input x"), UserError);
 * ```
 * @category Errors
 */
export class UserError extends Error {
  /** Of the class; a kind of mistake that callers tell apart has one of its own. */
  override readonly name: string = "UserError";
}

/** A command line that cannot be understood. Ends with exit code 2. */
export class UsageError extends UserError {
  override readonly name = "UsageError";
}

/**
 * The names most like `name`, nearest first, for "did you mean": by edit distance, where a name that
 * contains the other counts as near.
 *
 * @example
 * ```ts
 * import { nearest } from "./errors.ts";
 * import assert from "node:assert/strict";
 * assert.deepEqual(nearest("observr", ["weights", "observer"]), ["observer"]);
 * ```
 */
export function nearest(name: string, names: Iterable<string>, count = 3): string[] {
  const wanted = name.toLowerCase();
  return [...new Set(names)]
    .map((candidate) => {
      const text = candidate.toLowerCase();
      const distance = editDistance(wanted, text);
      const contained = text.includes(wanted) || wanted.includes(text);
      return { candidate, distance: contained ? Math.min(distance, 2) : distance };
    })
    // Further than half of the letters apart, a suggestion misleads more than it helps.
    .filter(({ distance }) => distance <= Math.max(2, wanted.length / 2))
    .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, count)
    .map(({ candidate }) => candidate);
}

/** Levenshtein distance: insertions, deletions and replacements between two texts. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}

/** The message of whatever was thrown. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
