#!/usr/bin/env bash
# Deno 2.9.6 (V8 15.0.245), onnxruntime-web 1.30.0, @ricky0123/vad-web 0.0.31 (for its Silero network).
#
# V8 compiles a WASM function well once it has executed so many bytes (--wasm-tiering-budget, 13,000,000 by
# default). Who wants code to be good soon would lower it: to 10,000, say. One would expect the good code
# earlier, or, where compilers are kept busy with more functions, a little later. Seen: after a second of
# running the network still takes several times as long as with the default, which has settled long since.
# So low a budget sends hundreds of functions to the compilers, and the few that matter wait among them.
#
# Why it matters: a warm-up cannot be made shorter by this flag; and a program that sets it measures code that is
# still being compiled. Times are CPU times of the process' main thread, so a busy machine does not change the
# outcome; the ratio depends on the number of cores.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund onnxruntime-web@1.30.0 @ricky0123/vad-web@0.0.31
cat > run.mjs <<'SCRIPT'
import * as ort from "onnxruntime-web";
import fs from "node:fs";
ort.env.wasm.numThreads = 1;
const libc = Deno.build.os === "darwin" ? ["libSystem.B.dylib", 16] : ["libc.so.6", 3];
const { symbols } = Deno.dlopen(libc[0], {
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
});
const time = new BigInt64Array(2);
const cpu = () => {
  symbols.clock_gettime(libc[1], new Uint8Array(time.buffer));
  return Number(time[0]) * 1e3 + Number(time[1]) / 1e6;
};
const file = "node_modules/@ricky0123/vad-web/dist/silero_vad_v5.onnx";
const session = await ort.InferenceSession.create(fs.readFileSync(file), { logSeverityLevel: 4 });
const feeds = {
  input: new ort.Tensor("float32", Float32Array.from({ length: 512 }, (_, i) => Math.sin(i)), [1, 512]),
  state: new ort.Tensor("float32", new Float32Array(256), [2, 1, 128]),
  sr: new ort.Tensor("int64", [16000n], []),
};
// Milliseconds of a run, over runs between the 500th and the 1,000th millisecond.
const start = cpu();
while (cpu() - start < 500) await session.run(feeds);
let runs = 0;
const from = cpu();
while (cpu() - from < 500) {
  await session.run(feeds);
  runs++;
}
console.log(((cpu() - from) / runs).toFixed(3));
SCRIPT
default=$(npx --yes deno@2.9.6 run -A run.mjs)
low=$(npx --yes deno@2.9.6 run -A --v8-flags=--wasm-tiering-budget=10000 run.mjs)
echo "budget 13,000,000 (default): $default ms a run after half a second"
echo "budget 10,000:               $low ms"
awk -v a="$default" -v b="$low" 'BEGIN { printf "ratio %.1f\n", b / a; exit !(b > 1.5 * a) }'
echo "as described"
