import assert from "node:assert/strict";
import { decodeModel } from "../../lib/onnx/model.ts";
import { parseModel } from "../../lib/onnx/parse_model.ts";
import { dropStaleShapes } from "../../lib/onnx/stale_shapes.ts";
import { parseGraph, printGraph } from "../../lib/onnx/text.ts";
import { openSession } from "../../lib/runtime/open_runtime.ts";
import { float32 } from "../../lib/tensor/tensor.ts";

/** Pruned from 3 channels to 2 after `h` and `y` were declared. */
const PRUNED = `graph pruned
input x float32[N, 1, 4, 4]
output y float32[N, 3, 16]
output z float32[...]
value h float32[N, 3, 4, 4]
value r float32[N, 2, 4, 4]
tensor w float32[2, 1, 1, 1] = [1.0, 2.0]
tensor s int64[3] = [0, 0, -1]
h = Conv(x, w)
r = Relu(h)
y = Reshape(r, s)
z = Op(r)
`;

Deno.test("dropStaleShapes() leaves types without shapes inside, and outputs with what follows", () => {
  const { graph, note } = dropStaleShapes(parseGraph(PRUNED));
  const expected = PRUNED.replace("y float32[N, 3, 16]", "y float32[N, 2, ?]")
    .replace(/value (\w) float32\[.*\]/g, "value $1 float32[...]");
  assert.equal(printGraph(graph), expected);
  assert.match(note!, /"h" is declared \[\?, 3, 4, 4\], but its weights make it \[\?, 2, 4, 4\]/);
});

Deno.test("dropStaleShapes() returns a graph itself whose shapes may be right", () => {
  const graphs = [
    PRUNED.replaceAll("N, 3,", "N, 2,"),
    "input x float32[0, 1]; output y float32[5, 1]; y = Relu(x)", // 0 stands for unknown
    "input x float32[2, 3]; output y float32[7]; y = Op(x)",
    "input x float32[2, 3]; output y float32[?, M]; y = Relu(x)",
    "output y float32[2]; value w float32[2]; tensor w float32[2] = [1.0, 2.0]; y = Relu(w)",
  ];
  for (const text of graphs) {
    const graph = parseGraph(text);
    const result = dropStaleShapes(graph);
    assert.equal(result.graph, graph, `${text}: ${result.note}`);
  }
});

Deno.test("dropStaleShapes() finds what another size of the input left behind, other ranks, and bodies", () => {
  const stale = [
    "input x float32[1, 1, 8, 8]; output y float32[1, 1, 2, 2]; y = MaxPool(x) {kernel_shape=[2, 2], strides=[2, 2]}",
    "input x float32[1, 4, 2]; output y float32[4, 2]; y = Identity(x)",
    "input x float32[2]; output y float32[2]; y = If(c) " +
    "{then_branch=graph t {output z float32[3]; z = Neg(x)}}",
  ];
  for (const text of stale) {
    const graph = parseGraph(text);
    const { graph: changed, note } = dropStaleShapes(graph);
    assert.ok(note !== undefined && changed !== graph, text);
    assert.equal(dropStaleShapes(changed).graph, changed, text);
  }
});

Deno.test("decodeModel() makes a file with stale shapes one that the runtime opens", async () => {
  const text = PRUNED.replace(/.*\bz\b.*\n/g, "").replaceAll("N", "1");
  const model = decodeModel(parseModel(text).bytes(), "pruned.onnx");
  assert.equal(model.amendments.length, 1);
  const session = await openSession(model);
  const { y } = await session.run({ x: float32([1, 1, 4, 4], Array(16).fill(-1)) });
  await session.release();
  assert.deepEqual(y!.dims, [1, 2, 16]);
});
