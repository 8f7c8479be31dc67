import { reasonOf } from "./errors.ts";

/** What the system says of a file, without its code and the path, which the message has already. */
export function systemReason(error: unknown): string {
  if (codeOf(error) === "EACCES") return "permission denied";
  return reasonOf(error).replace(/^E[A-Z0-9]+: /, "").replace(/[:,] \w+( '.*)?$/s, "");
}

/** The system's own name of an error, such as `ENOENT`. */
function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}

/** Whether an error says, or was caused by one that says, that there is no such file. */
export function isMissing(error: unknown): boolean {
  return codeOf(error) === "ENOENT" ||
    (error instanceof Error && error.cause !== undefined && isMissing(error.cause));
}
