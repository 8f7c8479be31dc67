import type { Model } from "../lib/onnx/model.ts";
import { count, factor } from "../lib/report/format.ts";

/** Where a model was written to, how large it is beside the one it was made from, and whether larger. */
export function writtenNote(file: string, bytes: number, model: Model): string {
  const before = (model.source ?? model.bytes()).length; // of the file, whatever reading put right
  const written = `Wrote ${file}: ${count(bytes)} bytes, ${
    factor(bytes / before)
  } of ${model.name}.`;
  return bytes <= before ? written : `${written} It is larger than ${model.name}: what was added ` +
    `takes ${count(bytes - before)} bytes more than smaller weights save.`;
}
