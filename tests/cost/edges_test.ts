import assert from "node:assert/strict";
import { findEdges } from "../../lib/cost/edges.ts";
import { parseGraph } from "../../lib/onnx/text.ts";

/** Forms at both ends, and the operators of what belongs to the edges. */
function edgesOf(text: string, own: readonly string[] = [], ends = { in: ["x"], out: ["y"] }) {
  const { node } = parseGraph(text);
  const { input, output, nodes } = findEdges(
    node,
    ends.in,
    ends.out,
    ({ name }) => own.includes(name),
  );
  return [input, output, nodes.map(({ conversion }) => conversion).join(" ")];
}

Deno.test("findEdges() strips what brings a float32 tensor to an int8 kernel and back", () => {
  assert.deepEqual(
    edgesOf(`
      q = QuantizeLinear(x, s, z)
      t = Transpose(q) {perm=[0, 2, 3, 1]}
      c = com.microsoft.QLinearConv(t, s, z, w, s, z, s, z)
      u = Transpose(c) {perm=[0, 3, 1, 2]}
      y = DequantizeLinear(u, s, z)`),
    ["int8Last", "int8Last", "quantize transposeInt8 dequantize transposeInt8"],
  );
  // The runtime may turn the tensor while it is float32: it is the same edge.
  assert.deepEqual(
    edgesOf(`
      t = Transpose(x) {perm=[0, 2, 3, 1]}
      q = QuantizeLinear(t, s, z)
      y = com.microsoft.QGemm(q, s, z, w, s, z)`),
    ["int8Last", "float", "transposeFloat quantize"],
  );
});

Deno.test("findEdges() leaves the part its own Transpose, and others that bring nothing last", () => {
  const own = `y = Transpose(x) {perm=[0, 2, 3, 1]} @ mine`;
  assert.deepEqual(edgesOf(own, ["mine"]), ["float", "float", ""]);
  assert.deepEqual(edgesOf(own), ["floatLast", "float", "transposeFloat"]);
  const other = `t = Transpose(x) {perm=[1, 0, 2, 3]}; y = Relu(t)`;
  assert.deepEqual(edgesOf(other), ["float", "float", ""]);
});

Deno.test("findEdges() stops where a tensor is read twice, within the part", () => {
  assert.deepEqual(
    edgesOf(`
      q = QuantizeLinear(x, s, z)
      a = com.microsoft.QLinearSigmoid(q, s, z, s, z)
      b = com.microsoft.QLinearMul(q, s, z, a, s, z, s, z)
      y = DequantizeLinear(b, s, z)`),
    ["int8", "int8", "quantize dequantize"],
  );
  assert.deepEqual(
    edgesOf(`
      d = QuantizeLinear(x, s, z)
      e = QuantizeLinear(x, s2, z)
      y = com.microsoft.QLinearAdd(d, s, z, e, s2, z, s, z)`)[0],
    "float",
  );
});

Deno.test("findEdges() finds the edge of each of several inputs", () => {
  assert.deepEqual(
    edgesOf(
      `
      p = QuantizeLinear(x, s, z)
      q = QuantizeLinear(v, s, z)
      c = com.microsoft.QLinearAdd(p, s, z, q, s, z, s, z)
      y = DequantizeLinear(c, s, z)`,
      [],
      { in: ["x", "v"], out: ["y"] },
    ),
    ["int8", "int8", "quantize quantize dequantize"],
  );
});
