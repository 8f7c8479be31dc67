import assert from "node:assert/strict";
import { create } from "@bufbuild/protobuf";
import { UserError } from "../../lib/errors.ts";
import { decodeModel, Model } from "../../lib/onnx/model.ts";
import { type ModelProto, ModelProtoSchema } from "../../lib/onnx/onnx_pb.ts";
import { readTensorProto } from "../../lib/onnx/tensor_proto.ts";
import { parseGraph } from "../../lib/onnx/text.ts";

/** The model as a file holds it, read again. */
function reread(text: string, edit: (proto: ModelProto) => void = () => {}): Model {
  const proto = create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [{ version: 18n }],
    graph: parseGraph(text),
  });
  edit(proto);
  return decodeModel(new Model(proto).bytes(), "net.onnx");
}

function refuses(text: string, found: RegExp, edit?: (proto: ModelProto) => void): void {
  assert.throws(() => reread(text, edit), (error: Error) => {
    assert(error instanceof UserError, `${error.stack}`);
    assert.match(error.message, found);
    assert.match(error.message, /^Cannot read net\.onnx as an ONNX model: /);
    assert.match(error.message, /export it again$/);
    assert(error.message.length < 300, error.message);
    return true;
  });
}

const IO = "input x float32[N, 4]; output y float32[N, 4]; ";

Deno.test("decodeModel() takes the last of two weights of one name, and says so", () => {
  const model = reread(
    IO + "tensor w float32[1] = [2.0]; tensor w float32[1] = [3.0]; y = Mul(x, w)",
  );
  assert.deepEqual(model.graph.initializer.map((w) => readTensorProto(w).data[0]), [3]);
  assert.deepEqual(model.amendments, ['weight "w" is given twice: the last one counts']);
});

Deno.test("decodeModel() takes a Constant node for the last weight of its name, as onnxruntime does", () => {
  const { graph, amendments } = reread(
    IO + "tensor w float32[1] = [2.0]; w = Constant() {value_float=3.0}; " +
      "w = Constant() {value_float=4.0}; y = Mul(x, w)",
  );
  assert.equal(graph.initializer.length, 0);
  assert.deepEqual(graph.node.map(({ opType }) => opType), ["Constant", "Mul"]);
  assert.equal(graph.node[0]!.attribute[0]!.f, 4);
  assert.equal(amendments.length, 1);
});

Deno.test("decodeModel() looks for weights of one name in bodies too, each for itself", () => {
  const body = (weights: string) =>
    `input c bool[]; output y float32[1]; tensor w float32[1] = [1.0]; y = If(c) {` +
    `then_branch=graph a {output p float32[1]; ${weights} p = Neg(w)}, ` +
    `else_branch=graph b {output q float32[1]; q = Neg(w)}}`;
  // What a body calls by the name of an outer weight is its own.
  assert.deepEqual(reread(body("tensor w float32[1] = [2.0];")).amendments, []);
  const twice = reread(body("tensor w float32[1] = [2.0]; tensor w float32[1] = [5.0];"));
  const own = twice.graph.node[0]!.attribute[0]!.g!.initializer;
  assert.deepEqual(own.map((w) => readTensorProto(w).data[0]), [5]);
});

Deno.test("decodeModel() takes the last version of an operator set, by either of its names", () => {
  const model = reread(IO + "y = Relu(x)", ({ opsetImport }) => {
    opsetImport.push({ ...opsetImport[0]!, domain: "ai.onnx", version: 13n });
  });
  assert.equal(model.opset, 13);
  assert.equal(model.proto.opsetImport.length, 1);
  assert.deepEqual(model.amendments, [
    "operator set ai.onnx is given as 18, 13: the last one counts, 13",
  ]);
});

Deno.test("decodeModel() gives nodes of one name names of their own", () => {
  const { graph, amendments } = reread(
    IO + "a = Relu(x) @ same; same_1 = Neg(a) @ same; y = Abs(same_1) @ same",
  );
  assert.deepEqual(graph.node.map(({ name }) => name), ["same", "same_2", "same_3"]);
  assert.deepEqual(amendments, [
    '3 nodes are named "same": each but the first gets a number behind its name',
  ]);
});

Deno.test("decodeModel() leaves what is given once as it is, to the byte", () => {
  const model = reread(IO + "a = Relu(x); y = Neg(a)");
  assert.deepEqual(model.amendments, []);
  assert.deepEqual(decodeModel(model.bytes()).bytes(), model.bytes());
});

Deno.test("decodeModel() refuses a network whose names do not hang together", () => {
  refuses(IO + "y = Relu(x); y = Tanh(x)", /"y" is made by two nodes: Relu "y" and Tanh "y"/);
  refuses(IO + "x = Relu(x); y = Neg(x)", /"x" is an input and is made by a node: Relu "x"/);
  refuses(
    IO + "tensor w float32[1] = [1.0]; w = Relu(x); y = Neg(w)",
    /"w" is a weight and is made by a node: Relu "w"/,
  );
  refuses(IO + "y = Add(x, w)", /"w" is made by no node and is no input, but Add "y" reads it/);
  refuses(IO + "a = Relu(x)", /its output "y" is made by no node/);
  refuses("input x float32[1]; " + IO + "y = Relu(x)", /two inputs are named "x"/);
});

Deno.test("decodeModel() looks into bodies and functions, and says where", () => {
  const branches = (then: string) =>
    `input c bool[]; output y float32[1]; y = If(c) {` +
    `then_branch=graph a {output p float32[1]; ${then}}, ` +
    `else_branch=graph b {output q float32[1]; q = Constant() {value_float=1.0}}} @ choice`;
  refuses(branches("p = Neg(w)"), /"w" is made by no node.*\(in a body of If "choice"\)/);
  refuses(branches("o = Identity(c)"), /its output "p" is made by no node \(in a body of If/);
  refuses(IO + "y = Relu(x)", /"b" is made by no node .*\(in function "twice"\)/, (proto) => {
    const { node } = parseGraph("c = Neg(b)");
    proto.functions.push({
      ...create(ModelProtoSchema, { functions: [{ name: "twice", input: ["a"], output: ["c"] }] })
        .functions[0]!,
      node,
    });
  });
});

Deno.test("decodeModel() refuses more bodies within each other than onnxruntime reads", () => {
  const nested = (depth: number): string =>
    depth === 0 ? "r0 = Relu(x)" : `r${depth} = If(c) {then_branch=graph t${depth} {output ` +
      `r${depth - 1} none; ${nested(depth - 1)}}, else_branch=graph e${depth} {output ` +
      `q${depth} none; q${depth} = Neg(x)}}`;
  const network = (depth: number) => `input c bool[]; ${IO}${nested(depth)}; y = Neg(r${depth})`;
  assert.equal(reread(network(30)).graph.node.length, 2);
  assert.throws(() => reread(network(40)), /lie deeper in each other than onnxruntime reads/);
});

Deno.test("decodeModel() refuses an operator set that there cannot be", () => {
  for (const version of [-1n, 0n]) {
    refuses(IO + "y = Relu(x)", new RegExp(`opset ${version}; there is none`), (proto) => {
      proto.opsetImport[0]!.version = version;
    });
  }
});

Deno.test("decodeModel() refuses operators that nobody can have named so", () => {
  const set = (opType: string) => (proto: ModelProto) =>
    void (proto.graph!.node[0]!.opType = opType);
  refuses(IO + "y = Relu(x)", /the node that makes "y" names no operator/, set(""));
  refuses(IO + "y = Relu(x)", /names an operator that there cannot be, "Re."/, set("Re\x1b"));
  reread(IO + "y = Relu(x)", set("constructor"));
});

Deno.test("decodeModel() refuses nodes without what their operator cannot do without", () => {
  refuses(
    IO + "y = BatchNormalization(x)",
    /BatchNormalization "y" lacks its input 2 of at least 5/,
  );
  refuses(IO + 'y = Gemm("", x)', /Gemm "y" lacks its input 1 of at least 2/);
  refuses(IO + "y = Neg(x); Relu(x)", /a Relu node makes nothing/);
  reread(IO + 'y = Clip(x, "", x)');
});

Deno.test("decodeModel() refuses attributes of another kind, given twice, or out of bounds", () => {
  const relu = (attributes: string) => `${IO}y = Transpose(x) {${attributes}} @ turn`;
  refuses(relu('perm="10"'), /attribute "perm" of Transpose "turn" is of kind STRING, not INTS/);
  refuses(relu("perm=1"), /is of kind INT, not INTS/);
  refuses(relu("perm=[0, 1], perm=[1, 0]"), /Transpose "turn" has two attributes named "perm"/);
  refuses(
    "input x float32[N, 1, 4]; output y float32[N]; y = GRU(x, x, x) {hidden_size=1099511627776}",
    /attribute "hidden_size" of GRU "y" is out of bounds: 1099511627776/,
  );
  refuses(IO + "y = Elu(x) {alpha=1}", /of kind INT, not FLOAT/);
  refuses(
    IO + "a, b = Split(x) {axis=1, num_outputs=2147483648}; y = Concat(a, b) {axis=1}",
    /"num_outputs" of Split "a" is out of bounds/,
  );
  refuses(
    IO + "a, b = Split(x) {axis=1, num_outputs=3}; y = Concat(a, b) {axis=1}",
    /Split "a" is to make 3 parts \(num_outputs\), but has 2 outputs/,
  );
});

Deno.test("decodeModel() leaves what is no count or axis as large as it is", () => {
  const largest = "9223372036854775807";
  reread(IO + `s = Constant() {value_ints=[${largest}]}; y = Slice(x, s, s)`);
  reread(IO + `y = Slice(x) {starts=[0], ends=[${largest}]}`);
  // An operator of another domain may have any attribute.
  reread(IO + `y = com.example::Odd(x) {perm="text", axis=${largest}}`);
});

Deno.test("decodeModel() refuses a Transpose whose perm is no order of the axes it turns", () => {
  const turn = (perm: string) => `${IO}y = Transpose(x) {perm=[${perm}]} @ turn`;
  for (const perm of ["0, 0", "0, -1", "0, 1099511627776", "0, 9223372036854775807", "1, 2"]) {
    refuses(turn(perm), /perm \[\d+, -?\d+\] of Transpose "turn" is no order of the 2 axes of "x"/);
  }
  refuses(turn("0"), /perm \[0\] of Transpose "turn" is no order of the 2 axes of "x"/);
  refuses(
    turn(Array.from({ length: 100_000 }, (_, i) => i).join(", ")),
    /perm \[0, 1, 2, 3, 4, 5, 6, 7, … 100000 in all\] of .* the 2 axes of "x"/,
  );
  refuses(
    IO + "a = Unknown(x); y = Transpose(a) {perm=[0, 0]}",
    /perm \[0, 0\] of Transpose "y" is no order of 2 axes/,
  );
  // Behind others, as far as the rank follows from the operators.
  refuses(
    IO + "a = Transpose(x) {perm=[1, 0]}; b = Relu(a); y = Transpose(b) {perm=[0, 1, 2]}",
    /the 2 axes of "b"/,
  );
});

Deno.test("decodeModel() believes no shape that the file only notes of what lies between", () => {
  const { graph } = reread(
    "input x float32[N, 4]; output y float32[N, 4]; value a float32[N, 2, 2]; " +
      "a = Unknown(x); y = Transpose(a) {perm=[1, 0]}",
  );
  assert.equal(graph.node.length, 2);
});
