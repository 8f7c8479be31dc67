import assert from "node:assert/strict";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { UserError } from "../../lib/errors.ts";
import { inlineFunctions } from "../../lib/onnx/inline_functions.ts";
import { Model } from "../../lib/onnx/model.ts";
import {
  AttributeProto_AttributeType as Type,
  type FunctionProto,
  FunctionProtoSchema,
  ModelProtoSchema,
} from "../../lib/onnx/onnx_pb.ts";
import { parseGraph, printGraph } from "../../lib/onnx/text.ts";
import { openSession } from "../../lib/runtime/open_runtime.ts";
import { float32 } from "../../lib/tensor/tensor.ts";

/** A function of domain `own`; its body as the text of a graph's nodes. */
function called(
  name: string,
  signature: [inputs: string[], outputs: string[]],
  body: string,
  more: MessageInitShape<typeof FunctionProtoSchema> = {},
): FunctionProto {
  const [input, output] = signature;
  return create(FunctionProtoSchema, {
    name,
    domain: "own",
    input,
    output,
    node: parseGraph(body).node,
    opsetImport: [{ version: 17n }],
    ...more,
  });
}

function modelOf(text: string, functions: FunctionProto[], opset = 17): Model {
  const opsetImport = [{ version: BigInt(opset) }, { domain: "own", version: 1n }];
  const proto = { irVersion: 10n, opsetImport, graph: parseGraph(text), functions };
  return new Model(create(ModelProtoSchema, proto), { name: "net.onnx" });
}

/** The nodes as text, after inlining. */
function inlined(text: string, functions: FunctionProto[], opset?: number): string[] {
  const { proto } = inlineFunctions(modelOf(text, functions, opset).proto, "net.onnx");
  const graph = { ...proto.graph!, input: [], output: [], initializer: [], valueInfo: [] };
  return printGraph(graph).trimEnd().split("\n");
}

const scale = called(
  "Scale",
  [["x", "bias"], ["y"]],
  "h = Elu(x) {alpha=$float a}; y = Add(h, bias)",
);

Deno.test("inlineFunctions() puts bodies under names of their own, nested ones too", () => {
  const twice = called("Twice", [["x"], ["y"]], "h = own::Once(x) @ first; y = own::Once(h)");
  const once = called("Once", [["x"], ["y"]], "s = Sigmoid(x); y = Mul(x, s)");
  assert.deepEqual(
    inlined("b = own::Twice(a) @ /block; c = own::Once(b)", [twice, once]),
    [
      '"/block/first/s" = Sigmoid(a) @ /block/first/Sigmoid_0',
      '"/block/h" = Mul(a, /block/first/s) @ /block/first/Mul_1',
      '"/block/Once_1/s" = Sigmoid(/block/h) @ /block/Once_1/Sigmoid_0',
      "b = Mul(/block/h, /block/Once_1/s) @ /block/Once_1/Mul_1",
      '"c/s" = Sigmoid(b) @ c/Sigmoid_0',
      "c = Mul(b, c/s) @ c/Mul_1",
    ].map((line) => line.replaceAll('"', "")),
  );
});

Deno.test("inlineFunctions() binds attributes of the call, then defaults, then the operator's own", () => {
  const withDefault = called("Scale", [["x"], ["y"]], "y = Elu(x) {alpha=$float a}", {
    attributeProto: [{ name: "a", type: Type.FLOAT, f: 0.25 }],
  });
  const [plain] = inlined("y = own::Scale(x, b) {a=0.5} @ n", [scale]);
  assert.equal(plain, "n/h = Elu(x) {alpha=0.5} @ n/Elu_0");
  assert.equal(inlined("y = own::Scale(x, b) @ n", [scale])[0], "n/h = Elu(x) @ n/Elu_0");
  assert.equal(
    inlined("y = own::Scale(x) @ n", [withDefault])[0],
    "y = Elu(x) {alpha=0.25} @ n/Elu_0",
  );
});

Deno.test("inlineFunctions() leaves out what a call leaves out", () => {
  const clip = called(
    "Clamp",
    [["x", "low", "high"], ["y", "other"]],
    "y = Clip(x, low, high); other = Neg(x)",
  );
  assert.deepEqual(inlined('y = own::Clamp(x, "", top) @ n', [clip]), [
    'y = Clip(x, "", top) @ n/Clip_0',
    "n/other = Neg(x) @ n/Neg_1",
  ]);
});

Deno.test("inlineFunctions() keeps an output that is an input of the function", () => {
  const same = called("Same", [["x"], ["x"]], "");
  assert.deepEqual(inlined("y = own::Same(a)", [same]), ["y = Identity(a) @ y_1"]);
});

Deno.test("inlineFunctions() goes into bodies of calls and functions, and tells equal names apart", () => {
  const branching = called(
    "Branch",
    [["c", "x"], ["y"]],
    "h = Exp(x); y = If(c) {then_branch=graph t {output z float32[?]; z = Neg(h)}, " +
      "else_branch=graph e {output w float32[?]; w = own::Scale(x, h) {a=0.5}}}",
  );
  const text = "h = Abs(x); a = own::Branch(c, h) @ p; b = own::Branch(c, a) @ q";
  const lines = inlined(text, [branching, scale]).join("\n");
  for (const name of ["p/h = Exp(h)", "p/z = Neg(p/h)", "q/h = Exp(a)", "q/z = Neg(q/h)"]) {
    assert.ok(lines.includes(name), `${name} in\n${lines}`);
  }
  assert.match(lines, /Elu\(a\) \{alpha=0\.5\}/);
  assert.doesNotMatch(lines, /own::/);
});

Deno.test("inlineFunctions() tells overloads apart, and drops the domain that only calls had", () => {
  const relu = called("F", [["x"], ["y"]], "y = Relu(x)");
  const abs = called("F", [["x"], ["y"]], "y = Abs(x)", { overload: "float" });
  const { proto } = modelOf("h = own::F(x); y = own::F(h)", [relu, abs]);
  const [first, second] = proto.graph!.node;
  const graph = { ...proto.graph!, node: [first!, { ...second!, overload: "float" }] };
  const result = inlineFunctions({ ...proto, graph }, "net.onnx");
  assert.deepEqual(result.proto.graph!.node.map(({ opType }) => opType), ["Relu", "Abs"]);
  assert.deepEqual(result.proto.opsetImport.map(({ domain }) => domain), [""]);
  assert.deepEqual(result.proto.functions, []);
});

Deno.test("inlineFunctions() moves model and functions to the newest of their operator sets", () => {
  const old = called("Old", [["x"], ["y"]], "y = Squeeze(x) {axes=[0]}", {
    opsetImport: [{ version: 11n }, { domain: "com.microsoft", version: 1n }],
  });
  assert.deepEqual(inlined("y = own::Old(x) @ n", [old]), [
    "n/y_axes = Constant() {value=<int64[1] = [0]>} @ n/Constant_0",
    "y = Squeeze(x, n/y_axes) @ n/Squeeze_1",
  ]);
  const newer = called("New", [["x"], ["y"]], "y = Relu(x)", { opsetImport: [{ version: 18n }] });
  const { proto } = modelOf("h = ReduceMax(x) {axes=[1]}; y = own::New(h)", [newer, old]);
  const result = inlineFunctions(proto, "net.onnx").proto;
  assert.deepEqual(result.opsetImport.map(({ domain, version }) => [domain, version]), [
    ["", 18n],
    ["com.microsoft", 1n],
  ]);
  assert.deepEqual(result.graph!.node.map(({ opType }) => opType), [
    "Constant",
    "ReduceMax",
    "Relu",
  ]);
});

Deno.test("inlineFunctions() leaves functions named like operators of the runtime", () => {
  const { proto } = modelOf("y = com.microsoft::Gelu(x)", [
    called("Gelu", [["x"], ["y"]], "y = Relu(x)", { domain: "com.microsoft" }),
  ]);
  assert.equal(inlineFunctions(proto, "net.onnx").proto, proto);
});

Deno.test("inlineFunctions() takes what stands in the standard's domain and is none of its operators", () => {
  const swoosh = called("Swoosh", [["x"], ["y"]], "y = Relu(x)", { domain: "" });
  assert.deepEqual(inlined("y = Swoosh(x) @ n", [swoosh]), ["y = Relu(x) @ n/Relu_0"]);
  const standard = called("Gelu", [["x"], ["y"]], "y = Relu(x)", { domain: "" });
  assert.deepEqual(inlined("y = Gelu(x)", [standard]), ["y = Gelu(x)"]);
});

Deno.test("inlineFunctions() takes the two spellings of the standard's domain for one", () => {
  const opsetImport = [{ domain: "ai.onnx", version: 17n }];
  const own = called("Own", [["x"], ["y"]], "y = Relu(x)", { opsetImport });
  const { proto } = inlineFunctions(modelOf("y = own::Own(x)", [own]).proto, "net.onnx");
  assert.deepEqual(proto.opsetImport.map(({ domain, version }) => [domain, version]), [["", 17n]]);
  const swoosh = called("Swoosh", [["x"], ["y"]], "y = Relu(x)", { domain: "ai.onnx" });
  assert.deepEqual(inlined("y = Swoosh(x) @ n", [swoosh]), ["y = Relu(x) @ n/Relu_0"]);
});

Deno.test("inlineFunctions() refuses circles, and functions that grow without bound", () => {
  const circle = called("F", [["x"], ["y"]], "y = own::F(x)");
  assert.throws(
    () => inlined("y = own::F(x)", [circle]),
    (error) => error instanceof UserError && /function "F" calls itself/.test(error.message),
  );
  const doubling = Array.from(
    { length: 40 },
    (_, i) =>
      called(
        `F${i}`,
        [["x"], ["y"]],
        i === 0 ? "y = Relu(x)" : `h = own::F${i - 1}(x); y = own::F${i - 1}(h)`,
      ),
  );
  assert.throws(() => inlined("y = own::F39(x)", doubling), /to more than 100000 nodes/);
  const chain = Array.from(
    { length: 600 },
    (_, i) => called(`F${i}`, [["x"], ["y"]], i === 0 ? "y = Relu(x)" : `y = own::F${i - 1}(x)`),
  );
  assert.throws(() => inlined("y = own::F599(x)", chain), /more than 500 deep/);
});

Deno.test("the runtime gives the same for calls and for what stands in their place", async () => {
  const text =
    "input x float32[1, 4]; output y float32[1, 4]; tensor b float32[4] = [1.0, 2.0, 3.0, 4.0]; " +
    "h = own::Scale(x, b) {a=0.5}; y = own::Scale(h, x) {a=2.0}";
  const before = modelOf(text, [scale]);
  const after = before.withProto(inlineFunctions(before.proto, "net.onnx").proto);
  const results = [];
  for (const model of [before, after]) {
    const session = await openSession(model);
    results.push((await session.run({ x: float32([1, 4], [-2, -0.5, 0.5, 2]) })).y);
    await session.release();
  }
  assert.deepEqual(results[1], results[0]);
});
