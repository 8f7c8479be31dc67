import { UsageError } from "../lib/errors.ts";
import type { FileFormat } from "../lib/quantize/as_executed.ts";
import { text } from "./command.ts";

const FORMATS: readonly FileFormat[] = ["operators", "qdq"];

/** How int8 is written to a file. */
export const FORMAT_OPTION = text(
  "NAME",
  "operators, the default: int8 as onnxruntime executes it, which opens fastest; qdq: between " +
    "DequantizeLinear and QuantizeLinear, which other runtimes read too",
);

/** @throws {UsageError} If there is no such format. */
export function readFormat(given: string = "operators"): FileFormat {
  const format = FORMATS.find((name) => name === given);
  if (format) return format;
  throw new UsageError(`Option --format needs ${FORMATS.join(" or ")}, got "${given}"`);
}
