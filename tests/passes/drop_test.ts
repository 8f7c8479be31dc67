import assert from "node:assert/strict";
import type { GraphProto } from "../../lib/onnx/onnx_pb.ts";
import { parseGraph, printGraph } from "../../lib/onnx/text.ts";
import { dropDropout } from "../../lib/passes/drop_dropout.ts";
import { dropIdentity } from "../../lib/passes/drop_identity.ts";
import { dropNoOps } from "../../lib/passes/drop_no_ops.ts";
import { dropZeroStates } from "../../lib/passes/drop_zero_states.ts";
import { removeDead } from "../../lib/passes/remove_dead.ts";

/** The nodes of a graph, one to a line, without what it declares. */
function nodes(graph: GraphProto): string {
  const bare = { ...graph, input: [], output: [], initializer: [], valueInfo: [] };
  return printGraph(bare).trim();
}

function parse(text: string): GraphProto {
  return parseGraph(`input x float32[N, 4]\noutput y float32[N, 4]\n${text}`);
}

Deno.test("dropIdentity() points readers at the source, through chains and into bodies", () => {
  const graph = parse(`
    input go bool[]
    b = Identity(x); c = Identity(b)
    y = If(go) {then_branch=graph a {
      output t float32[N, 4]
      t = Add(c, c)
    }, else_branch=graph b {
      output e float32[N, 4]
      e = Relu(b)
    }}`);
  const text = nodes(dropIdentity(graph));
  assert.ok(!text.includes("Identity"));
  assert.match(text, /t = Add\(x, x\)/);
  assert.match(text, /e = Relu\(x\)/);
});

Deno.test("dropIdentity() lets the source take the name of an output", () => {
  const graph = parse("a = Relu(x); b = Identity(a); y = Identity(b); c = Neg(a); d = Abs(b)");
  assert.equal(nodes(dropIdentity(graph)), "y = Relu(x)\nc = Neg(y)\nd = Abs(y)");
});

Deno.test("dropIdentity() keeps what gives a second name to an input or an output", () => {
  const passing = parse("y = Identity(x)");
  assert.equal(dropIdentity(passing), passing);
  const twice = parse("output z float32[N, 4]; a = Relu(x); y = Identity(a); z = Identity(a)");
  assert.equal(nodes(dropIdentity(twice)), "y = Relu(x)\nz = Identity(y)");
  const both = parse("output a float32[N, 4]; a = Relu(x); y = Identity(a)");
  assert.equal(dropIdentity(both), both);
});

Deno.test("dropIdentity() keeps the output of a body that the graph around it makes", () => {
  const graph = parse(`
    input go bool[]
    y = If(go) {then_branch=graph a {
      output t float32[N, 4]
      t = Identity(x)
    }, else_branch=graph b {
      output e float32[N, 4]
      e = Neg(x)
    }}`);
  const [branch] = graph.node[0]!.attribute.map(({ g }) => g!);
  assert.equal(dropIdentity(branch!), branch);
});

Deno.test("dropDropout() removes Dropout of every opset outside training", () => {
  const dropped = (text: string) => nodes(removeDead(dropDropout(parse(text))));
  assert.equal(dropped("a = Dropout(x) {ratio=0.5}; y = Relu(a)"), "y = Relu(x)"); // opset 7
  assert.equal(dropped("a, mask = Dropout(x); y = Relu(a)"), "y = Relu(x)"); // opset 10
  assert.equal(
    dropped("tensor r float32[] = [0.5]; tensor f bool[] = [0]; a = Dropout(x, r, f); y = Relu(a)"),
    "y = Relu(x)",
  );
});

Deno.test("dropDropout() keeps Dropout that trains, may train, or whose mask is read", () => {
  for (
    const text of [
      'tensor t bool[] = [1]; y = Dropout(x, "", t)',
      'input t bool[]; a = Dropout(x, "", t); y = Relu(a)',
      "a, mask = Dropout(x); y = Where(mask, a, x)",
    ]
  ) {
    const graph = parse(text);
    assert.equal(dropDropout(graph), graph, text);
  }
});

Deno.test("dropNoOps() removes what changes nothing", () => {
  const dropped = (text: string) => nodes(removeDead(dropNoOps(parse(text))));
  assert.equal(dropped("a = Transpose(x) {perm=[0, 1]}; y = Relu(a)"), "y = Relu(x)");
  assert.equal(dropped("a = Cast(x) {to=1}; y = Relu(a)"), "y = Relu(x)");
  assert.equal(dropped("a = Concat(x) {axis=1}; y = Relu(a)"), "y = Relu(x)");
  assert.equal(dropped("a = Pad(x) {pads=[0, 0, 0, 0]}; y = Relu(a)"), "y = Relu(x)"); // opset 2
  assert.equal(
    dropped("tensor p int64[4] = [0, 0, 0, 0]; a = Pad(x, p); y = Relu(a)"),
    "y = Relu(x)",
  );
});

Deno.test("dropNoOps() joins Transposes and Reshapes in a row", () => {
  const dropped = (text: string) => nodes(removeDead(dropNoOps(parse(text))));
  assert.equal(
    dropped("a = Transpose(x) {perm=[1, 0]}; b = Transpose(a) {perm=[1, 0]}; y = Relu(b)"),
    "y = Relu(x)",
  );
  assert.equal(
    dropped("a = Transpose(x) {perm=[1, 2, 0]}; y = Transpose(a) {perm=[0, 2, 1]}"),
    "y = Transpose(x) {perm=[1, 0, 2]}",
  );
  assert.equal(
    dropped(
      "tensor s int64[2] = [2, -1]; tensor t int64[1] = [-1]; a = Reshape(x, s); y = Reshape(a, t)",
    ),
    "y = Reshape(x, t)",
  );
});

Deno.test("dropNoOps() keeps a Sum of one input, which is a barrier, and what does change something", () => {
  for (
    const text of [
      "y = Sum(x)",
      "y = Max(x)",
      "y = Cast(x) {to=10}",
      "a = Transpose(x) {perm=[1, 0]}; y = MatMul(a, x)",
      // 0 takes the length from the shape before
      "tensor s int64[2] = [2, -1]; tensor t int64[2] = [0, 1]; a = Reshape(x, s); y = Reshape(a, t)",
      // the first has another reader, and both together still transpose
      "a = Transpose(x) {perm=[1, 2, 0]}; b = Transpose(a) {perm=[0, 2, 1]}; y = Add(a, b)",
    ]
  ) {
    const graph = parse(text);
    assert.equal(dropNoOps(graph), graph, text);
  }
});

Deno.test("dropZeroStates() leaves states out that are zeros in whatever shape", () => {
  const graph = parse(`
    input shape int64[3]
    tensor from int64[1] = [0]; tensor to int64[1] = [2]
    z = ConstantOfShape(shape)
    s = Slice(z, from, to)
    h, last = GRU(x, w, r, b, "", s) {hidden_size=4}
    o, oh, oc = LSTM(x, w, r, b, "", s, x) {hidden_size=4}
    y = Add(h, o)`);
  assert.equal(
    nodes(removeDead(dropZeroStates(graph))),
    "h, last = GRU(x, w, r, b) {hidden_size=4}\n" +
      'o, oh, oc = LSTM(x, w, r, b, "", "", x) {hidden_size=4}\n' +
      "y = Add(h, o)",
  );
});

Deno.test("dropZeroStates() keeps states that are not, or not only, zeros", () => {
  for (
    const state of [
      "s = ConstantOfShape(shape) {value=<float32[1] = [0.5]>}",
      "z = ConstantOfShape(shape); s = Concat(z, x) {axis=0}",
      "z = ConstantOfShape(shape); s = Add(z, x)",
    ]
  ) {
    const graph = parse(`input shape int64[3]; ${state}; y = RNN(x, w, r, "", "", s)`);
    assert.equal(dropZeroStates(graph), graph, state);
  }
});
