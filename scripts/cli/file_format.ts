import { UsageError } from "../../lib/errors.ts";
import type { FileFormat } from "../../lib/quantize/as_executed.ts";
import { flag, text } from "./command.ts";

const FORMATS: readonly FileFormat[] = ["operators", "qdq"];

/** How a model is written, and what is said of it. */
export const WRITTEN_OPTIONS = {
  format: text(
    "NAME",
    "operators, the default: int8 as onnxruntime executes it, which opens fastest; qdq: between " +
      "DequantizeLinear and QuantizeLinear, which other runtimes read too",
  ),
  keepMetadata: flag("keep what the exporter noted of each node, source lines among it"),
  all: flag("show every node in the plan, those without weights too"),
} as const;

/** @throws {UsageError} If there is no such format. */
export function readFormat(given: string = "operators"): FileFormat {
  const format = FORMATS.find((name) => name === given);
  if (format) return format;
  throw new UsageError(`Option --format needs ${FORMATS.join(" or ")}, got "${given}"`);
}
