#!/usr/bin/env bash
# onnxruntime-web 1.26.0 and 1.30.0 (WASM, 1 thread, in Node). 1.24.3 and 1.25.1 are as 1.26.0 is, 1.27.0 and 1.29.0 as
# 1.30.0, by time and bits. Models by onnx-proto 8.0.1.
#
# LayerNormalization, which a transformer has twice in each layer. One would expect releases of one year to agree, and
# the newer to be no slower. On rows with a mean of 100 and a standard deviation of 0.3 the older has 29 dB against
# float64 (three per cent of error), with a mean of 1000 it gives NaN: as if the variance were the mean of squares
# less the square of the mean. Since 1.27.0 both are right, and the operator takes over twice as long, whatever the mean.
#
# Why it matters: a page that pins an older release may show NaN where PyTorch does not; one that takes the newer
# may find its transformer slower, and its numbers others in the last digits. Times are the best of many runs in turns.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts \
  old@npm:onnxruntime-web@1.26.0 new@npm:onnxruntime-web@1.30.0 onnx-proto@8.0.1
cat > main.mjs <<'NODE'
import assert from "node:assert/strict";
import proto from "onnx-proto";
import * as old from "old";
import * as now from "new";

const [rows, width] = [128, 384];
const value = (name) => ({
  name,
  type: { tensorType: { elemType: 1, shape: { dim: [1, rows, width].map((dimValue) => ({ dimValue })) } } },
});
const graph = {
  name: "g",
  node: [{ opType: "LayerNormalization", input: ["x", "scale"], output: ["y"] }],
  input: [value("x")],
  output: [value("y")],
  initializer: [{ name: "scale", dims: [width], dataType: 1, floatData: Array(width).fill(1) }],
};
const model = proto.onnx.ModelProto.encode({ irVersion: 8, opsetImport: [{ version: 17 }], graph }).finish();
let state = 7;
const random = () => (state = state * 16807 % 2147483647) / 2147483647;
const noise = Float32Array.from({ length: rows * width }, () => random() - 0.5);
/** Signal over error against the same in float64, dB. */
function decibels(x, y) {
  let [signal, error] = [0, 0];
  for (let row = 0; row < rows; row++) {
    const part = Array.from(x.subarray(row * width, (row + 1) * width));
    const mean = part.reduce((sum, v) => sum + v) / width;
    const variance = part.reduce((sum, v) => sum + (v - mean) ** 2, 0) / width;
    part.forEach((v, i) => {
      const right = (v - mean) / Math.sqrt(variance + 1e-5);
      signal += right ** 2;
      error += (right - y[row * width + i]) ** 2;
    });
  }
  return Math.round(10 * Math.log10(signal / error));
}
const releases = [];
for (const [version, ort] of [["1.26.0", old], ["1.30.0", now]]) {
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(model, { logSeverityLevel: 4 });
  const run = async (x) => (await session.run({ x: new ort.Tensor("float32", x, [1, rows, width]) })).y.data;
  const exact = [];
  for (const mean of [0, 100, 1000]) {
    const x = noise.map((v) => v + mean);
    exact.push(decibels(x, await run(x)));
  }
  releases.push({ version, run, exact, best: Infinity });
}
for (let round = 0; round < 400; round++) {
  for (const release of releases) {
    const from = performance.now();
    await release.run(noise);
    release.best = Math.min(release.best, performance.now() - from);
  }
}
for (const { version, best, exact } of releases) {
  console.log(`${version}: ${best.toFixed(3)} ms; means of 0, 100, 1000: ${exact.join(", ")} dB`);
}
assert(releases[0].exact[0] > 120 && releases[0].exact[1] < 40 && Number.isNaN(releases[0].exact[2]), "this has changed");
assert(releases[1].exact[1] > 70, "this has changed");
assert(releases[1].best > 1.7 * releases[0].best, "this has changed");
process.exit(0);
NODE
node main.mjs
