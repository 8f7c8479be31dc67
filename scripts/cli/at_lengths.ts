import { UsageError } from "../../lib/errors.ts";
import { text } from "./command.ts";

/** Lengths of samples at which models are timed. */
export const AT_LENGTHS_OPTION = text(
  "N,N,...",
  "lengths of samples to time at, such as 16,128,512 tokens: samples are cut or repeated to each. What is " +
    "slower than float32 at any of them does not win",
);

/** @throws {UsageError} If they are no whole numbers from 1. */
export function lengthsOf(typed: string | undefined): number[] | undefined {
  if (typed === undefined) return undefined;
  const lengths = typed.split(",").map((one) => /^ *\d+ *$/.test(one) ? Number(one) : 0);
  if (lengths.every((length) => length > 0)) return lengths;
  throw new UsageError(
    `--at-lengths takes whole numbers from 1, such as 16,128,512, got "${typed}"`,
  );
}
