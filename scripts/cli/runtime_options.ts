import { UsageError } from "../../lib/errors.ts";
import { BINARIES, type Binary } from "../../lib/record/binary.ts";
import { VERIFIED_RUNTIME } from "../../lib/record/verified_runtime.ts";
import { text } from "./command.ts";

/** Which onnxruntime-web a command runs and times models in. */
export const RUNTIME_OPTIONS = {
  runtime: text(
    "VERSION",
    `the onnxruntime-web to run and time in: a release such as 1.29.0, or the address of a module; ` +
      `${VERIFIED_RUNTIME} by default`,
  ),
  binary: text(
    "NAME",
    "its WASM binary, the one that your page's import loads: plain (the default), jsep, asyncify or jspi",
  ),
} as const;

/**
 * What was asked for, as options of functions say it.
 *
 * @throws {UsageError} If there is no such binary.
 */
export function runtimeChoice(
  { runtime, binary }: { readonly runtime?: string; readonly binary?: string },
): { ort?: string; binary?: Binary } {
  const isBinary = (name: string): name is Binary => BINARIES.some((known) => known === name);
  if (binary !== undefined && !isBinary(binary)) {
    throw new UsageError(`--binary is one of ${BINARIES.join(", ")}, got "${binary}"`);
  }
  return {
    ...(runtime !== undefined && { ort: runtime }),
    ...(binary !== undefined && { binary }),
  };
}
