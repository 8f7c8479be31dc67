#!/usr/bin/env bash
# onnxruntime-web 1.30.0 (WASM) in Node 20.20.2 and in Deno 2.9.6 (V8 15.0). Models by onnx-proto 8.0.1.
#
# A float16 output is read as `tensor.data`. One would expect one type of array from one version of the package:
# Uint16Array of bits, as for years, or an error where something else is meant. Seen: the type depends
# on the JavaScript engine. Where Float16Array exists, the data are numbers; where it does not, they are bits. The same
# line that adds up two results, 1 and 0.5, gives 29696 in Node 20 and 1.5 in Deno. The input may be given as
# bits in both; as plain numbers only where Float16Array exists.
#
# Why it matters: code that decodes bits (or does not) was right when it was written and is wrong in a newer browser,
# with numbers that look like numbers.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts onnxruntime-web@1.30.0 onnx-proto@8.0.1
cat > main.mjs <<'SCRIPT'
import proto from "onnx-proto";
import * as ort from "onnxruntime-web";

ort.env.wasm.numThreads = 1;
const value = (name) => ({ name, type: { tensorType: { elemType: 10, shape: { dim: [{ dimValue: 2 }] } } } });
const graph = {
  name: "g",
  node: [{ opType: "Identity", input: ["x"], output: ["y"] }],
  input: [value("x")],
  output: [value("y")],
};
const model = proto.onnx.ModelProto.encode({ irVersion: 8, opsetImport: [{ version: 17 }], graph }).finish();
const session = await ort.InferenceSession.create(model);
const bits = Uint16Array.of(0x3c00, 0x3800); // 1 and 0.5
const { y } = await session.run({ x: new ort.Tensor("float16", bits, [2]) });
let plain = "taken";
try {
  new ort.Tensor("float16", [1, 0.5], [2]);
} catch {
  plain = "refused";
}
console.log(`${y.data.constructor.name}, sum ${y.data[0] + y.data[1]}, plain numbers ${plain}`);
SCRIPT
node=$(npx --yes node@20.20.2 main.mjs)
deno=$(npx --yes deno@2.9.6 run -A main.mjs)
echo "expected: the same from the same package"
echo "Node 20.20.2: $node"
echo "Deno 2.9.6:   $deno"
[ "$node" = "Uint16Array, sum 29696, plain numbers refused" ]
[ "$deno" = "Float16Array, sum 1.5, plain numbers taken" ]
echo "as described"
