import { resolve } from "node:path";
import { UsageError } from "../lib/errors.ts";

/**
 * The file that a model is to be written to.
 *
 * @param example What it might be called, for whoever has not said.
 * @throws {UsageError} If there is none, or it is the file that the model comes from.
 */
export function requireOut(out: string | undefined, model: string, example: string): string {
  if (out === undefined) {
    throw new UsageError(`Missing --out: name the file to write, e.g. --out ${example}`);
  }
  if (resolve(out) === resolve(model)) {
    throw new UsageError(`--out ${out} is the model itself; name another file`);
  }
  return out;
}
