import { UserError } from "../../lib/errors.ts";
import { told } from "../cli/told.ts";

/** How a mutant ended. */
export type Outcome = "fine" | "sentence" | "unclear" | "unexpected" | "hang" | "memory" | "death";

/** What is told of one that did not end well. */
export interface Finding {
  readonly outcome: Outcome;
  /** The message, without what differs between mutants of one kind. */
  readonly what: string;
  /** Where in Octavo it was thrown. */
  readonly where: string;
}

/** Words of programs, not of people; and sentences without an end. */
const UNCLEAR = /\bundefined\b|\[object|std::|narrowing_error|is not a function|\bit has $|^$/;

/** Longest message that is still one sentence. */
const LONGEST = 1200;

/** Whether a reader told what is wrong in one clear sentence, or failed. */
export function judge(error: unknown): Finding {
  const message = told(error instanceof Error ? error.message : String(error));
  const clear = !UNCLEAR.test(message) && message.length <= LONGEST;
  const outcome = !(error instanceof UserError) ? "unexpected" : clear ? "sentence" : "unclear";
  return { outcome, what: kindOf(message), where: placeOf(error) };
}

/** A message without numbers and names. */
function kindOf(message: string): string {
  return message.replace(/"[^"]*"/g, '"…"').replace(/-?\d+(\.\d+)?(e[+-]?\d+)?/g, "0").slice(
    0,
    200,
  );
}

function placeOf(error: unknown): string {
  const stack = error instanceof Error ? error.stack ?? "" : "";
  return stack.match(/\/(lib\/[\w/]+\.ts:\d+)/)?.[1] ?? "";
}
