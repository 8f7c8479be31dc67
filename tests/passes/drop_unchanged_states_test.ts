import assert from "node:assert/strict";
import { parseModel } from "../../lib/onnx/parse_model.ts";
import { parseGraph, printGraph } from "../../lib/onnx/text.ts";
import { dropUnchangedStates } from "../../lib/passes/drop_unchanged_states.ts";
import { fuse } from "../../lib/passes/fuse.ts";
import { quantizeDynamic } from "../../lib/quantize/quantize_dynamic.ts";
import { openSession } from "../../lib/runtime/open_runtime.ts";
import { float32 } from "../../lib/tensor/tensor.ts";

/** A loop that multiplies by weights, which it carries around; `h` is what it changes. */
function loop(more: { output?: string; result?: string } = {}): string {
  const { output = "", result = "unused" } = more;
  return `graph net
input x float32[1, 2]
output y float32[1, 2]
${output}tensor steps int64[] = [3]
tensor go bool[] = [true]
tensor w float32[2, 2] = [1.0, -0.5, 0.25, 2.0]
y, ${result}, all = Loop(steps, go, x, w) {body=graph body {
  input i int64[]
  input on bool[]
  input h float32[1, 2]
  input kept float32[2, 2]
  output still bool[]
  output next float32[1, 2]
  output same float32[2, 2]
  output next2 float32[1, 2]
  still = Identity(on)
  next = MatMul(h, kept)
  twice = Identity(kept)
  same = Identity(twice)
  next2 = Relu(next)
}}
`;
}

Deno.test("dropUnchangedStates() has the body read from outside what it only carries", () => {
  const printed = printGraph(dropUnchangedStates(parseGraph(loop())));
  assert.match(printed, /y, all = Loop\(steps, go, x\)/);
  assert.match(printed, /next = MatMul\(h, w\)/);
  assert.doesNotMatch(printed, /input kept|output same/);
});

Deno.test("dropUnchangedStates() gives readers and outputs what the loop was given", () => {
  const read = printGraph(dropUnchangedStates(parseGraph(loop() + "z = Neg(unused)\n")));
  assert.match(read, /z = Neg\(w\)/);
  const output = "output end float32[2, 2]\n";
  const given = printGraph(dropUnchangedStates(parseGraph(loop({ output, result: "end" }))));
  assert.match(given, /end = Identity\(w\)/);
});

Deno.test("dropUnchangedStates() leaves alone what a step changes, gives out, or calls by the outer name", () => {
  const changes = loop().replace("same = Identity(twice)", "same = Neg(twice)");
  const gives = loop().replace("output next2", "output kept").replace(
    "same = Identity(twice)\n",
    "",
  )
    .replace("output same", "output kept");
  const hides = loop().replace("next2 = Relu(next)", "w = Exp(next)\n  next2 = Relu(w)");
  for (const text of [changes, gives, hides]) {
    const graph = parseGraph(text);
    assert.equal(dropUnchangedStates(graph), graph, text);
  }
});

Deno.test("dropUnchangedStates() knows the states of a Scan from what it scans", () => {
  const graph = parseGraph(`
    input x float32[5, 2]; output y float32[5, 2]
    tensor w float32[2] = [1.0, 2.0]
    tensor zero float32[2] = [0.0, 0.0]
    s, k, y = Scan(zero, w, x) {num_scan_inputs=1, body=graph body {
      input sum float32[2]
      input kept float32[2]
      input row float32[2]
      output more float32[2]
      output kept float32[2]
      output out float32[2]
      more = Add(sum, row)
      out = Mul(more, kept)
    }}`);
  const printed = printGraph(dropUnchangedStates(graph));
  assert.match(printed, /s, y = Scan\(zero, x\)/);
  assert.match(printed, /out = Mul\(more, w\)/);
});

Deno.test("the runtime gives the same without them, and dynamic int8 stores shared weights once", async () => {
  const size = 32;
  const weights = Array.from({ length: size * size }, (_, i) => Math.sin(i) / size);
  const model = parseModel(`
    input x float32[1, ${size}]
    output y float32[1, ${size}]
    tensor steps int64[] = [3]
    tensor go bool[] = [true]
    tensor w float32[${size}, ${size}] = [${weights.map((n) => n.toFixed(6)).join(", ")}]
    first = MatMul(x, w)
    y, end = Loop(steps, go, first, w) {body=graph body {
      input i int64[]; input on bool[]; input h float32[1, ${size}]; input kept float32[${size}, ${size}]
      output still bool[]; output next float32[1, ${size}]; output kept float32[${size}, ${size}]
      still = Identity(on)
      m = MatMul(h, kept)
      next = Add(m, h)
    }}`);
  const x = float32([1, size], Array.from({ length: size }, (_, i) => Math.cos(i)));
  const results: Float32Array[] = [];
  for (const one of [model, fuse(model)]) {
    const session = await openSession(one);
    results.push((await session.run({ x })).y!.data as Float32Array);
    await session.release();
  }
  results[1]!.forEach((value, i) => assert.ok(Math.abs(value - results[0]![i]!) < 1e-6));
  const int8 = await quantizeDynamic(model);
  assert.ok(int8.bytes().length < 0.5 * model.bytes().length);
});
