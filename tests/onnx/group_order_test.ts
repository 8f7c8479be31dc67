import assert from "node:assert/strict";
import { producers } from "../../lib/onnx/graph.ts";
import { inOrder } from "../../lib/onnx/group_order.ts";
import { parseGraph } from "../../lib/onnx/text.ts";

const graph = parseGraph(
  `input x float32[1]; output d float32[1]
   a = Relu(x); b = Neg(a); c = Abs(b); d = Add(a, c)`,
);
const [a, b, c, d] = graph.node as [typeof graph.node[0], ...typeof graph.node];
const order = (groups: (typeof graph.node)[]) =>
  inOrder(groups, producers(graph)).map((group) => group.map(({ output }) => output[0]).join(""));

Deno.test("inOrder() puts each group after those it reads from", () => {
  assert.deepEqual(order([[d!], [b!, c!], [a]]), ["a", "bc", "d"]);
});

Deno.test("inOrder() takes groups apart that wait for each other", () => {
  assert.deepEqual(order([[b!, d!], [a, c!]]), ["a", "b", "c", "d"]);
});
