import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import type { TensorProto } from "../../lib/onnx/onnx_pb.ts";
import { tensorHash } from "../../lib/onnx/print.ts";
import { parseGraph, printGraph } from "../../lib/onnx/text.ts";
import { hostileModel } from "./hostile.ts";

/** Asserts that a text is what its graph prints as. */
function same(text: string) {
  assert.equal(printGraph(parseGraph(text)), text);
}

Deno.test("printGraph() writes values, tensors and nodes a line each, and parseGraph() reads them", () => {
  same(`graph net
input x float32[N, 3, 32, ?]
input i int64[]
output y float32[...]
value h bfloat16["7"]
tensor b float32[2] = [0.5, -1.0]
h = Conv(x, w, b) {strides=[2, 2], auto_pad="SAME_UPPER"} @ /net/Conv
a, "", m = com.microsoft::Op:variant(h, "") {alpha=1.0, beta=1e-7, ints=[], floats=floats[]}
Op(a)
`);
});

Deno.test("printGraph() quotes names that hold other than letters, digits and _./:+-", () => {
  same(`graph "my net"
"a b" = "Odd Op"("x,y", "", "ü", 211, onnx::Conv_1) {"k=": 1} @ "n \\"q\\""
`.replace('"k=": 1', '"k="=1'));
});

Deno.test("printGraph() writes numbers such that they come back to the bit", () => {
  same(`tensor a float32[8] = [nan, inf, -inf, -0.0, 1.0, 0.1, 16777216.0, 1e-45]
tensor b float16[3] = [0.1, 65504.0, 6e-8]
tensor c float64[2] = [0.1, 5e-324]
tensor d int64[2] = [-9223372036854775808, 9223372036854775807]
tensor e uint64[1] = [18446744073709551615]
tensor f bool[2] = [true, false]
tensor g string[2] = ["", "a\\n\\"b\\""]
tensor h int4[3] = [-8, 7, 0]
tensor i uint2[5] = [3, 2, 1, 0, 1]
tensor j bfloat16[1] = hex"803f"
tensor k float8e4m3fn[2] = hex"38ff"
tensor l float32[0, 3] = []
tensor external float32[4] = external {location=w.bin, offset=16}
`);
});

Deno.test("printGraph() writes bodies indented, and every kind of attribute", () => {
  same(`y = If(c) {then_branch=graph then {
  output t float32[1]
  t = Loop(n) {body=graph {
    tensor w float32[1] = [1.0]
    z = Neg(w)
  }}
}, else_branch=graph else {
  e = Op() {t=<named float32[] = [2.0]>, ts=[<int8[1] = [1]>, <int8[1] = [2]>], s=strings[], ss=["a", hex"ff"], gs=[graph a {
    x = A()
  }], tp=type sequence(map(int64, float32[1])), tps=[type optional(string[]), type sparse int8[2]], sp=<sparse [3] <v float32[1] = [1.0]> <int64[1] = [2]>>, ref=$float alpha}
}}
`);
});

Deno.test("printGraph() writes the hostile model's graph such that it reads back", () => {
  const { graph } = hostileModel();
  const text = printGraph(graph!);
  assert.equal(printGraph(parseGraph(text)), text);
  assert.match(text, /max=9223372036854775807, min=-9223372036854775808, zero=0/);
  assert.match(text, /nan=nan, minusZero=-0\.0, floats=\[-0\.0, inf, -inf, nan, 1e-45\]/);
});

Deno.test("printGraph() knows large tensors by a hash, which parseGraph() finds in its options", () => {
  const graph = parseGraph("tensor w int8[3] = [1, 2, 3]; y = Relu(w)");
  const text = printGraph(graph, { maxElements: 2 });
  assert.match(text, /^tensor w int8\[3\] = #[0-9a-f]{16}\n/);
  assert.throws(() => parseGraph(text), /tensor "w" from the text: it holds only its hash/);
  const [tensor] = graph.initializer as [TensorProto];
  const read = parseGraph(text, { tensors: new Map([[tensorHash(tensor), tensor]]) });
  assert.equal(printGraph(read), printGraph(graph));
});

Deno.test("tensorHash() depends on type, shape and elements, not on the field that holds them", () => {
  const of = (text: string) => tensorHash(parseGraph(`tensor w ${text}`).initializer[0]!);
  const hashes = [
    "float32[1] = [1.0]",
    "float32[1, 1] = [1.0]",
    "float32[1] = [2.0]",
    "int32[1] = [1065353216]",
  ];
  assert.equal(new Set(hashes.map(of)).size, 4);
  const raw = parseGraph("tensor w float32[1] = [1.0]").initializer[0]!;
  assert.equal(
    tensorHash({ ...raw, rawData: undefined, floatData: [1] }),
    of("float32[1] = [1.0]"),
  );
});

Deno.test("parseGraph() takes statements on one line, and values that are named like its words", () => {
  const graph = parseGraph("input = Relu(output); graph, tensor = Split(input); Sink(graph)");
  assert.deepEqual(graph.node.map(({ opType }) => opType), ["Relu", "Split", "Sink"]);
  assert.deepEqual(graph.node[1]!.output, ["graph", "tensor"]);
});

Deno.test("parseGraph() says where a text goes wrong, and what was expected", () => {
  const cases: [string, RegExp][] = [
    ["y = Relu(x", /expected "," at line 1, column 11, found the end/],
    ["y = Relu(x)\nz = (", /expected a name at line 2, column 5, found "\("/],
    ["input x flo32[1]", /expected a type such as float32\[1, 3\]/],
    ["tensor w int8[2] = [1]", /expected 2 elements for "w", not 1,/],
    ["tensor w float8e5m2[1] = [1]", /expected elements as hex/],
    ["y = Op() {a=[1, 2.0]}", /expected items of one type/],
    ["y = Op() {a=word}", /expected a number, not word/],
    ["y = Op(x) }", /expected a value or a node .* found "}"/],
    ["y = Op(x) %", /expected a name, a number or a mark .* found "%"/],
  ];
  for (const [text, message] of cases) {
    assert.throws(
      () => parseGraph(text),
      (error) =>
        error instanceof UserError && message.test(error.message) ||
        assert.fail(`${text}: ${error}`),
    );
  }
});
