import assert from "node:assert/strict";
import { workingBytes } from "../../lib/passes/working_memory.ts";
import { ShapeMap } from "../../lib/onnx/shape_map.ts";
import { modelOf } from "../quantize/fixture.ts";

/** Of a graph over a [2, 4] input, 32 bytes. */
function bytesOf(nodes: string, weights: Record<string, number[]> = {}): number {
  const model = modelOf(`input x float32[2, 4]\noutput y float32[2, N]\n${nodes}`, weights);
  const shapes = new ShapeMap(new Map([["x", { dims: [2, 4], depends: [[], []] }]]), []);
  return workingBytes(model, shapes);
}

Deno.test("workingBytes() counts what stands in memory at the worst moment, and no constants", () => {
  // x and a; a and b of 64; b and y: each is left where it was read last.
  assert.equal(bytesOf("a = Relu(x)\nb = MatMul(a, w)\ny = Relu(b)", { w: [4, 8] }), 64 + 64);
  // x is read again at the end.
  assert.equal(bytesOf("a = Relu(x)\nb = Relu(a)\ny = Add(b, x)"), 32 * 3);
});

Deno.test("workingBytes() takes a Reshape for what it reshapes, as long as either is read", () => {
  const nodes = "tensor flat int64[2] = [1, 8]\na = Relu(x)\nb = Reshape(a, flat)\n";
  assert.equal(bytesOf(`${nodes}y = Relu(b)`), 64);
  // b, which a is, and c and y.
  assert.equal(bytesOf(`${nodes}c = Relu(a)\nd = Reshape(c, flat)\ny = Add(d, b)`), 96);
});

Deno.test("workingBytes() takes what it does not know to be as large as what it is made of", () => {
  assert.equal(bytesOf("a, b = Split(x) {axis=0, num_outputs=2}\ny = Add(a, b)"), 64);
});
