import type { Model } from "../../lib/onnx/model.ts";
import type { Download } from "../../lib/record/download.ts";
import { count, factor, megabytes } from "../../lib/report/format.ts";

/** A file that holds a model. */
export interface WrittenFile {
  readonly file: string;
  readonly bytes: number;
  readonly download: Download;
}

/**
 * Where a model was written to, how large it is beside the one it was made from, what a server sends of
 * it, and whether it is larger.
 */
export function writtenNote({ file, bytes, download }: WrittenFile, model: Model): string {
  const before = (model.source ?? model.bytes()).length; // of the file, whatever reading put right
  const written =
    `Wrote ${file}: ${count(bytes)} bytes, ${
      factor(bytes / before)
    } of ${model.name}. A server sends ${megabytes(download.gzip)} with gzip, ` +
    `${megabytes(download.brotli)} with brotli.`;
  return bytes <= before ? written : `${written} It is ${count(bytes - before)} bytes ` +
    `larger than ${model.name}: nodes and tables were added.`;
}
