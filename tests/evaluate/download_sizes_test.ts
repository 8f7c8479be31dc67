import assert from "node:assert/strict";
import zlib from "node:zlib";
import { downloadSizes } from "../../lib/evaluate/download_sizes.ts";
import { normal } from "../random.ts";

Deno.test("downloadSizes() counts what gzip 6 and brotli 5 make of the whole file", async () => {
  const bytes = new Uint8Array(normal(200_000, 1).buffer as ArrayBuffer); // several pieces
  const params = {
    [zlib.constants.BROTLI_PARAM_QUALITY]: 5,
    [zlib.constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  };
  assert.deepEqual(await downloadSizes(bytes), {
    gzip: zlib.gzipSync(bytes, { level: 6 }).length,
    brotli: zlib.brotliCompressSync(bytes, { params }).length,
  });
});
