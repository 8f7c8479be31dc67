#!/usr/bin/env bash
# Node 20.20.2 and Deno 2.9.6; the WASM binary of onnxruntime-web 1.30.0 as something to compress.
#
# `gzipSync(bytes, { level: 1 })` of node:zlib in both. The format is the same, and so are the names of the levels. One
# would expect about the same size. At level 1 Deno's is a quarter larger than Node's (5.25 MB and 4.21 MB of 14.24),
# at the default one per cent larger, at 9 one per cent smaller. `new CompressionStream("brotli")` works in Deno and is
# refused by Node 20.
#
# Why it matters: what a download weighs, or whether a limit is kept, is not to be told from a level and a number;
# hashes of compressed files differ between the engines too.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts onnxruntime-web@1.30.0
cat > main.mjs <<'SCRIPT'
import fs from "node:fs";
import { gunzipSync, gzipSync } from "node:zlib";
const bytes = fs.readFileSync("node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm");
const sizes = [1, 6, 9].map((level) => {
  const small = gzipSync(bytes, { level });
  if (!gunzipSync(small).equals(bytes)) throw new Error("not the same bytes");
  return small.length;
});
let brotli = true;
try {
  new CompressionStream("brotli");
} catch {
  brotli = false;
}
console.log(JSON.stringify({ sizes, brotli }));
SCRIPT
node main.mjs > node.json
npx --yes deno@2.9.6 run -A main.mjs > deno.json
cat > compare.mjs <<'NODE'
import assert from "node:assert/strict";
import fs from "node:fs";
const [node, deno] = ["node", "deno"].map((name) => JSON.parse(fs.readFileSync(`${name}.json`, "utf8")));
console.log(`gzip at levels 1, 6, 9; Node: ${node.sizes.join(", ")}; Deno: ${deno.sizes.join(", ")}`);
console.log(`CompressionStream of brotli; Node: ${node.brotli}; Deno: ${deno.brotli}`);
assert(deno.sizes[0] > 1.15 * node.sizes[0], "this has changed");
assert(deno.sizes[2] < node.sizes[2], "this has changed");
NODE
node compare.mjs
