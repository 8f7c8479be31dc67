import { reasonOf } from "../errors.ts";

/** What can be wrong with a file of results. */
export type Trouble = "damaged" | "version" | "foreign" | "busy" | "full" | "readonly" | "disk";

/** What would help, where the results are in the folder of a study. */
const ADVICE: Readonly<Record<Trouble, string>> = {
  damaged: "Start the study again with --fresh, or name another folder (--out).",
  version: "Use another folder (--out), or start the study again with --fresh.",
  foreign: "Name another folder (--out).",
  busy: "End that program and run the same command again.",
  full: "Free some space and run the same command again: what was measured is kept.",
  readonly: "Make it writable, or name another folder (--out).",
  disk: "Look after the disk and run the same command again.",
};

/** A file of results that cannot be used. The message is half a sentence: "it is damaged (...)". */
export class DatabaseError extends Error {
  override readonly name = "DatabaseError";
  readonly trouble: Trouble;
  /** What would help, a sentence. */
  readonly advice: string;

  constructor(trouble: Trouble, message: string, cause?: unknown) {
    super(message, { cause });
    this.trouble = trouble;
    this.advice = ADVICE[trouble];
  }
}

/** What SQLite says, which tells its reasons by code at some places only. */
const REASONS: readonly [RegExp, Trouble, what: string][] = [
  [/malformed|not a database|corrupt|JSON/i, "damaged", "it is damaged"],
  [/disk is full/i, "full", "the disk is full"],
  [/locked|busy/i, "busy", "another program holds it"],
  [/readonly|read-only|unable to open|permission/i, "readonly", "it cannot be written"],
  [/disk I\/O/i, "disk", "the disk failed"],
];

/**
 * What was thrown, as a {@linkcode DatabaseError} if it is of the file; anything else as it is.
 *
 * @example
 * ```ts
 * import { DatabaseError, toDatabaseError } from "./database_error.ts";
 * import assert from "node:assert/strict";
 * const error = toDatabaseError(new Error("database or disk is full"));
 * assert(error instanceof DatabaseError);
 * assert.equal(error.message, "the disk is full (database or disk is full)");
 * ```
 */
export function toDatabaseError(error: unknown): unknown {
  if (error instanceof DatabaseError) return error;
  const reason = reasonOf(error);
  const known = REASONS.find(([pattern]) => pattern.test(reason));
  return known ? new DatabaseError(known[1], `${known[2]} (${reason})`, error) : error;
}
