/**
 * Where the times of kernels came from that a choice was made by.
 * @category Records (advanced)
 */
export interface KernelTimesRecord {
  /** The file that keeps them for the next time, the user's own folder as `~`; absent where none does. */
  path?: string;
  /** Why what was measured could not be written to it; absent where it could. */
  problem?: string;
  /** Measured in this run. */
  measured: number;
  /** Of those, measured while the machine was busy or changed its pace: these are not kept. */
  disturbed: number;
  /** Taken from the file. */
  taken: number;
  /** When this run began, ISO 8601. */
  at: string;
  /** When the oldest of what it took was measured, ISO 8601; absent where it took none. */
  oldest?: string;
  /** The same of the newest. */
  newest?: string;
}

/**
 * The same in one sentence.
 *
 * @example
 * ```ts
 * import { kernelTimesNote } from "./kernel_times_record.ts";
 * import assert from "node:assert/strict";
 * const at = "2026-03-05T12:00:00.000Z";
 * const oldest = "2026-03-03T11:00:00.000Z";
 * const record = { path: "~/times.json", measured: 31, disturbed: 0, taken: 112, at, oldest, newest: at };
 * assert.equal(
 *   kernelTimesNote(record),
 *   "Kernel times: 31 measured 2026-03-05 12:00 UTC, 112 from ~/times.json, up to 2 days old; --fresh measures them again.",
 * );
 * ```
 */
export function kernelTimesNote(
  { path, problem, measured, disturbed, taken, at, oldest }: KernelTimesRecord,
): string {
  const lost = path !== undefined && disturbed > 0
    ? ` (${disturbed} of them on a machine that was busy or drifted: not kept)`
    : "";
  const isKept = path !== undefined && measured > disturbed;
  const kept = isKept && problem !== undefined
    ? `, not kept: ${problem}`
    : isKept && taken === 0
    ? `, kept in ${path}`
    : "";
  const parts = [
    ...(measured > 0 ? [`${measured} measured ${momentText(at)}${lost}${kept}`] : []),
    ...(taken > 0 && oldest !== undefined
      ? [
        `${taken} from ${path}, ${ageText(Date.parse(at) - Date.parse(oldest))} old; --fresh ` +
        "measures them again",
      ]
      : []),
  ];
  return `Kernel times: ${parts.join(", ") || "none"}.`;
}

/** ISO 8601 to the minute: `2026-03-05 12:00 UTC`. A study that is gone on with has that of before. */
function momentText(at: string): string {
  return `${at.slice(0, 10)} ${at.slice(11, 16)} UTC`;
}

const HOUR = 3_600_000;

/** Of what is older than an hour, in days from two on: `up to 2 days`. */
function ageText(ms: number): string {
  const hours = Math.floor(ms / HOUR);
  if (hours < 1) return "less than an hour";
  if (hours < 48) return `up to ${hours === 1 ? "an hour" : `${hours} hours`}`;
  return `up to ${Math.floor(hours / 24)} days`;
}
