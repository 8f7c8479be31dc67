import assert from "node:assert/strict";
import {
  captured,
  constants,
  consumers,
  graphInputs,
  makeNamer,
  mapSubgraphs,
  parameterCount,
  pinned,
  producers,
  removeDeadNodes,
  sortTopologically,
  subgraphs,
  valueTypes,
} from "../../lib/onnx/graph.ts";
import { readTensorProto } from "../../lib/onnx/tensor_proto.ts";
import { parseGraph, printGraph } from "../../lib/onnx/text.ts";

/** A value `h` and a weight `w` are read inside a body, `inner` is its own. */
const branching = parseGraph(`
  input x float32[2]; input c bool[]
  output y float32[2]
  tensor w float32[2] = [1.0, 2.0]
  h = Relu(x)
  y = If(c) {then_branch=graph then {
    output t float32[2]
    tensor inner float32[2] = [3.0, 4.0]
    m = Mul(h, w)
    t = Add(m, inner)
  }, else_branch=graph else {
    output x float32[2]
  }}
`);

Deno.test("constants() holds initializers and every form of Constant node", () => {
  const graph = parseGraph(`
    tensor w float32[1] = [1.0]
    a = Constant() {value=<int8[2] = [1, 2]>}
    b = Constant() {value_float=1.5}
    c = Constant() {value_floats=[1.0, 2.0]}
    d = Constant() {value_int=-7}
    e = Constant() {value_ints=[1, 2, 3]}
    f = Constant() {value_string="s"}
    g = Constant() {value_strings=["s", ""]}
    h = com.example::Constant() {value=<int8[2] = [1, 2]>}
    i = Identity(a)
  `);
  const values = Array.from(constants(graph), ([name, tensor]) => {
    const { type, dims, data } = readTensorProto(tensor);
    return [name, type, dims, Array.from<unknown>(data)];
  });
  assert.deepEqual(values, [
    ["w", "float32", [1], [1]],
    ["a", "int8", [2], [1, 2]],
    ["b", "float32", [], [1.5]],
    ["c", "float32", [2], [1, 2]],
    ["d", "int64", [], [-7n]],
    ["e", "int64", [3], [1n, 2n, 3n]],
    ["f", "string", [], ["s"]],
    ["g", "string", [2], ["s", ""]],
  ]);
});

Deno.test("producers() names the node of each output, and leaves out outputs without a name", () => {
  const graph = parseGraph(`a, "", b = Op(x)`);
  assert.deepEqual([...producers(graph).keys()], ["a", "b"]);
});

Deno.test("consumers() counts what a body captures as read by the node that holds it", () => {
  const [relu, branch] = branching.node;
  const readers = consumers(branching);
  assert.deepEqual(readers.get("x"), [relu, branch]);
  assert.deepEqual(readers.get("h"), [branch]);
  assert.deepEqual(readers.get("w"), [branch]);
  assert.deepEqual(readers.get("c"), [branch]);
  assert.equal(readers.get("inner"), undefined);
  assert.equal(readers.get("m"), undefined);
});

Deno.test("consumers() counts a node once that reads a value twice", () => {
  const graph = parseGraph("y = Mul(x, x)");
  assert.equal(consumers(graph).get("x")?.length, 1);
});

Deno.test("captured() looks into bodies of bodies, and knows what each defines itself", () => {
  const graph = parseGraph(`
    y = Loop(n, c) {body=graph {
      input i int64[]; input k bool[]
      output k bool[]; output z float32[1]
      z = If(k) {then_branch=graph { output a float32[1]; a = Add(i, deep) }, else_branch=graph { output b float32[1]; b = Neg(k) }}
    }}
  `);
  assert.deepEqual([...captured(graph.node[0]!)], ["deep"]);
});

Deno.test("pinned() holds the outputs and what bodies read", () => {
  assert.deepEqual([...pinned(branching)].sort(), ["h", "w", "x", "y"]);
});

Deno.test("graphInputs() leaves out initializers that old files list as inputs", () => {
  const graph = parseGraph("input x float32[1]; input w float32[1]; tensor w float32[1] = [1.0]");
  assert.deepEqual(graphInputs(graph).map(({ name }) => name), ["x"]);
});

Deno.test("sortTopologically() puts nodes after what they read, bodies included", () => {
  const graph = parseGraph(`
    y = If(c) {then_branch=graph { output t float32[1]; t = Neg(b) }, else_branch=graph { output b float32[1] }}
    b = Relu(a)
    z = Abs(x)
    a = Exp(x)
  `);
  assert.deepEqual(sortTopologically(graph).node.map(({ opType }) => opType), [
    "Exp",
    "Relu",
    "If",
    "Abs",
  ]);
});

Deno.test("sortTopologically() returns the graph itself if it is in order", () => {
  assert.equal(sortTopologically(branching), branching);
});

Deno.test("sortTopologically() says which node waits for itself", () => {
  const graph = parseGraph("a = Relu(b); b = Exp(a)");
  assert.throws(() => sortTopologically(graph), /making "[ab]" waits for its own output/);
});

Deno.test("sortTopologically() sorts a chain longer than the call stack", () => {
  const length = 20000;
  const lines = Array.from({ length }, (_, i) => `v${i + 1} = Relu(v${i})`).reverse();
  const sorted = sortTopologically(parseGraph(lines.join("\n")));
  assert.equal(sorted.node[0]!.output[0], "v1");
});

Deno.test("removeDeadNodes() removes chains, their weights, and the notes on them", () => {
  const graph = parseGraph(`
    input x float32[1]; input dead float32[1]; input unread float32[1]
    output y float32[1]
    value b float32[1]
    tensor dead float32[1] = [1.0]
    y = Relu(x)
    a = Exp(x)
    b = Add(a, dead)
  `);
  assert.equal(
    printGraph(removeDeadNodes(graph)),
    "input x float32[1]\ninput unread float32[1]\noutput y float32[1]\ny = Relu(x)\n",
  );
});

Deno.test("removeDeadNodes() keeps what bodies capture, and the graph itself if all is read", () => {
  assert.equal(removeDeadNodes(branching), branching);
});

Deno.test("removeDeadNodes() keeps a node whose second output alone is read", () => {
  const graph = parseGraph("output i int64[1]; v, i = TopK(x, k)");
  assert.equal(removeDeadNodes(graph), graph);
});

Deno.test("makeNamer() avoids values and nodes of the graph and its bodies, and its own names", () => {
  const fresh = makeNamer(branching);
  assert.deepEqual(
    [fresh("new"), fresh("new"), fresh("m"), fresh("inner"), fresh("y"), fresh("new")],
    ["new", "new_1", "m_1", "inner_1", "y_1", "new_2"],
  );
});

Deno.test("mapSubgraphs() returns the node itself if no body changed", () => {
  const node = branching.node[1]!;
  assert.equal(mapSubgraphs(node, (body) => body), node);
  const renamed = mapSubgraphs(node, (body) => ({ ...body, name: "new" }));
  assert.deepEqual(subgraphs(renamed).map(({ name }) => name), ["new", "new"]);
  assert.deepEqual(subgraphs(node).map(({ name }) => name), ["then", "else"]);
});

Deno.test("valueTypes() tells fixed, named and unknown dimensions, and unknown rank, apart", () => {
  const graph = parseGraph(`
    input a float32[1, N, ?, ""]
    input b int64[]
    input w float32[1]
    output y uint8[...]
    tensor w float32[1] = [1.0]
  `);
  assert.deepEqual(valueTypes(graph), {
    inputs: [
      { name: "a", type: "float32", dims: [1, "N", null, null] },
      { name: "b", type: "int64", dims: [] },
    ],
    outputs: [{ name: "y", type: "uint8", dims: undefined }],
  });
});

Deno.test("valueTypes() names an input that no array can hold", () => {
  assert.throws(
    () => valueTypes(parseGraph("input s sequence(float32[1])")),
    /input "s": expected a tensor, found sequence/,
  );
  assert.throws(() => valueTypes(parseGraph("output y float8e5m2[1]")), /output "y".*float8e5m2/);
});

Deno.test("parameterCount() counts weights in initializers, Constant nodes and bodies, not shapes", () => {
  assert.equal(parameterCount(branching), 4);
  const graph = parseGraph(`
    tensor w int8[2, 2] = [1, 2, 3, 4]
    tensor shape int64[2] = [1, -1]
    c = Constant() {value=<float32[3] = [1.0, 2.0, 3.0]>}
  `);
  assert.equal(parameterCount(graph), 7);
});
