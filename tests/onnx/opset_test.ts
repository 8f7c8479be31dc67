import assert from "node:assert/strict";
import { create } from "@bufbuild/protobuf";
import { UserError } from "../../lib/errors.ts";
import { readModel } from "../../lib/onnx/file.ts";
import { valueTypes } from "../../lib/onnx/graph.ts";
import { Model } from "../../lib/onnx/model.ts";
import { FunctionProtoSchema, ModelProtoSchema } from "../../lib/onnx/onnx_pb.ts";
import { raiseOpset } from "../../lib/onnx/opset.ts";
import { parseGraph, printGraph } from "../../lib/onnx/text.ts";
import { openSession } from "../../lib/runtime/open_runtime.ts";
import { float32, type Tensor } from "../../lib/tensor/tensor.ts";
import { normal } from "../random.ts";
import { isThere, shared } from "../shared.ts";

function model(text: string, opset: number, irVersion = 8n): Model {
  return new Model(
    create(ModelProtoSchema, {
      irVersion,
      opsetImport: [{ version: BigInt(opset) }, { domain: "com.example", version: 1n }],
      graph: parseGraph(text),
    }),
    { name: "net.onnx" },
  );
}

/** The nodes of the raised model as text. */
function raised(text: string, from: number, target = 13): string[] {
  const result = raiseOpset(model(text, from), target);
  assert.equal(result.opset, target);
  const graph = { ...result.graph, input: [], output: [], valueInfo: [], initializer: [] };
  return printGraph(graph).trimEnd().split("\n");
}

/** What is fed to a test's model, by name. */
type Values = Readonly<Record<string, Tensor>>;

/** Asserts that a model gives the same bits before and after raising it, and returns them. */
async function sameResults(before: Model, feeds: Values, target = 13): Promise<Values> {
  const results: Values[] = [];
  for (const one of [before, raiseOpset(before, target)]) {
    // Unoptimized, so that each operator runs as it is written.
    const session = await openSession(one, { optimization: "disabled" });
    results.push(await session.run(feeds));
    await session.release();
  }
  const [was, is] = results as [Values, Values];
  assert.deepEqual(is, was);
  return was;
}

Deno.test("raiseOpset() changes the version alone where operators mean the same", () => {
  const before = model(
    "y = Conv(x, w) {strides=[2, 2]}; z = Relu(y); u = GRU(z, a, b) {hidden_size=3}",
    8,
  );
  const after = raiseOpset(before, 13);
  assert.equal(printGraph(after.graph), printGraph(before.graph));
  assert.deepEqual(after.proto.opsetImport.map(({ domain, version }) => [domain, version]), [
    ["", 13n],
    ["com.example", 1n],
  ]);
});

Deno.test("raiseOpset() returns a model as it is that is there already", () => {
  const there = model("y = Relu(x)", 17);
  assert.equal(raiseOpset(there, 13), there);
  assert.equal(raiseOpset(there, 17), there);
});

Deno.test("raiseOpset() raises the file format as far as the operator set came with it", () => {
  assert.equal(raiseOpset(model("y = Relu(x)", 8, 3n), 13).proto.irVersion, 7n);
  assert.equal(raiseOpset(model("y = Relu(x)", 8, 3n), 21).proto.irVersion, 10n);
  assert.equal(raiseOpset(model("y = Relu(x)", 8, 14n), 13).proto.irVersion, 14n);
});

Deno.test("raiseOpset() no longer lists initializers as inputs, which IR 4 takes for overridable", () => {
  const text = "input x float32[1]; input w float32[1]; tensor w float32[1] = [1.0]; y = Add(x, w)";
  const inputs = (irVersion: bigint) =>
    raiseOpset(model(text, 8, irVersion), 13).graph.input.map(({ name }) => name);
  assert.deepEqual(inputs(3n), ["x"]);
  assert.deepEqual(inputs(4n), ["x", "w"]);
});

Deno.test("raiseOpset() adds the standard's domain where only others are in use", () => {
  const proto = model("y = com.example::Op(x)", 8).proto;
  const after = raiseOpset(new Model({ ...proto, opsetImport: proto.opsetImport.slice(1) }), 13);
  assert.deepEqual(after.proto.opsetImport.map(({ domain }) => domain), ["", "com.example"]);
  assert.equal(after.opset, 13);
});

Deno.test("raiseOpset() turns axes into inputs for Squeeze, Unsqueeze, ReduceSum and Split at 13", () => {
  assert.deepEqual(
    raised(
      "a = Unsqueeze(x) {axes=[0, 3]}; b = Squeeze(a); c = ReduceSum(b) {axes=[1], keepdims=0}; d, e = Split(c) {axis=1, split=[1, 2]} @ split",
      11,
    ),
    [
      "a_axes = Constant() {value=<int64[2] = [0, 3]>}",
      "a = Unsqueeze(x, a_axes)",
      "b = Squeeze(a)",
      "c_axes = Constant() {value=<int64[1] = [1]>}",
      "c = ReduceSum(b, c_axes) {keepdims=0}",
      "split_split = Constant() {value=<int64[2] = [1, 2]>}",
      "d, e = Split(c, split_split) {axis=1} @ split",
    ],
  );
});

Deno.test("raiseOpset() leaves the other reductions with attributes until 18", () => {
  assert.deepEqual(raised("y = ReduceMean(x) {axes=[1]}", 11, 17), [
    "y = ReduceMean(x) {axes=[1]}",
  ]);
  assert.deepEqual(raised("y = ReduceMean(x) {axes=[1]}", 11, 18), [
    "y_axes = Constant() {value=<int64[1] = [1]>}",
    "y = ReduceMean(x, y_axes)",
  ]);
});

Deno.test("raiseOpset() keeps the ends of slices that no number can hold", () => {
  assert.deepEqual(raised("y = Slice(x) {starts=[1], ends=[9223372036854775807], axes=[2]}", 9), [
    "y_starts = Constant() {value=<int64[1] = [1]>}",
    "y_ends = Constant() {value=<int64[1] = [9223372036854775807]>}",
    "y_axes = Constant() {value=<int64[1] = [2]>}",
    "y = Slice(x, y_starts, y_ends, y_axes)",
  ]);
});

Deno.test("raiseOpset() turns bounds of Clip into inputs, and leaves out the missing", () => {
  assert.deepEqual(
    raised("a = Clip(x) {min=0.0, max=6.0}; b = Clip(a) {max=1.0}; c = Clip(b)", 7),
    [
      "a_min = Constant() {value=<float32[] = [0.0]>}",
      "a_max = Constant() {value=<float32[] = [6.0]>}",
      "a = Clip(x, a_min, a_max)",
      "b_max = Constant() {value=<float32[] = [1.0]>}",
      'b = Clip(a, "", b_max)',
      "c = Clip(b)",
    ],
  );
});

Deno.test("raiseOpset() gives Clip and Pad scalars of the type of their data", () => {
  assert.deepEqual(raised("input x float16[2]; y = Clip(x) {max=0.5}", 9), [
    "y_max = Constant() {value=<float16[] = [0.5]>}",
    'y = Clip(x, "", y_max)',
  ]);
  assert.deepEqual(raised("input x float64[2]; y = Pad(x) {pads=[0, 1], value=0.5}", 9), [
    "y_pads = Constant() {value=<int64[2] = [0, 1]>}",
    "y_value = Constant() {value=<float64[] = [0.5]>}",
    "y = Pad(x, y_pads, y_value)",
  ]);
  assert.throws(
    () => raised("input x float16[2]; h = Relu(x); y = Clip(h) {max=0.5} @ clip", 9),
    /Clip "clip" needs a "max" of the type of its data, which is not known/,
  );
});

Deno.test("raiseOpset() writes padding with zeros without a value", () => {
  assert.deepEqual(raised('y = Pad(x) {mode="edge", pads=[0, 1], value=0.0}', 9), [
    "y_pads = Constant() {value=<int64[2] = [0, 1]>}",
    'y = Pad(x, y_pads) {mode="edge"}',
  ]);
});

Deno.test("raiseOpset() drops spatial=1 from BatchNormalization, and refuses spatial=0 and training", () => {
  assert.deepEqual(raised("y = BatchNormalization(x, s, b, m, v) {spatial=1, epsilon=0.5}", 7), [
    "y = BatchNormalization(x, s, b, m, v) {epsilon=0.5}",
  ]);
  assert.throws(
    () => raised("y = BatchNormalization(x, s, b, m, v) {spatial=0}", 7),
    /BatchNormalization "y" has spatial=0/,
  );
  assert.throws(
    () => raised("output t float32[1]; y, t = BatchNormalization(x, s, b, m, v)", 9, 14),
    /BatchNormalization "y" gives its running statistics/,
  );
});

Deno.test("raiseOpset() turns the ratio of Dropout into an input, and drops a mask that nobody reads", () => {
  assert.deepEqual(raised("y, m = Dropout(x) {ratio=0.25}", 7), [
    "y_ratio = Constant() {value=<float32[] = [0.25]>}",
    "y = Dropout(x, y_ratio)",
  ]);
  assert.throws(
    () => raised("y, m = Dropout(x); z = Not(m)", 10),
    /Dropout "y" has a mask that is read/,
  );
});

Deno.test("raiseOpset() writes Softmax over the last axis as such", () => {
  assert.deepEqual(raised("input x float32[N, 10]; y = Softmax(x)", 9), [
    "y = Softmax(x) {axis=-1}",
  ]);
  assert.deepEqual(raised("y = LogSoftmax(x) {axis=-1}", 11), ["y = LogSoftmax(x) {axis=-1}"]);
  // Gemm makes matrices, so axis 1 is the last even where no type is written down.
  assert.deepEqual(
    raised("a = Gemm(x, w); y = Softmax(a) {axis=1}", 9).at(-1),
    "y = Softmax(a) {axis=-1}",
  );
});

Deno.test("raiseOpset() keeps Softmax over several axes by way of a matrix", () => {
  assert.deepEqual(raised("input x float32[2, 3, 4]; y = Softmax(x) @ /head/Softmax", 9), [
    "/head/Softmax_shape = Shape(x) @ /head/Softmax_Shape",
    "/head/Softmax_matrix = Flatten(x) {axis=1} @ /head/Softmax_Flatten",
    "/head/Softmax_rows = Softmax(/head/Softmax_matrix) {axis=-1} @ /head/Softmax",
    "y = Reshape(/head/Softmax_rows, /head/Softmax_shape) @ /head/Softmax_Reshape",
  ]);
});

Deno.test("raiseOpset() makes Upsample a Resize with the coordinates it had", () => {
  assert.deepEqual(raised('y = Upsample(x) {mode="nearest", scales=[1.0, 1.0, 2.0, 2.0]}', 7), [
    "y_scales = Constant() {value=<float32[4] = [1.0, 1.0, 2.0, 2.0]>}",
    'y = Resize(x, "", y_scales) {mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"}',
  ]);
  assert.deepEqual(raised('y = Upsample(x, s) {mode="linear"}', 9), [
    'y = Resize(x, "", s) {mode="linear", coordinate_transformation_mode="asymmetric"}',
  ]);
  assert.deepEqual(raised("y = Upsample(x, s)", 9), [
    'y = Resize(x, "", s) {coordinate_transformation_mode="asymmetric", nearest_mode="floor"}',
  ]);
});

Deno.test("raiseOpset() refuses a Resize whose rounding cannot be told", () => {
  assert.throws(
    () => raised("y = Resize(x, s)", 10),
    /Resize "y" picks the nearest by scales that are not constant/,
  );
  assert.throws(
    () => raised("tensor s float32[2] = [0.7, 1.5]; y = Resize(x, s)", 10),
    /one dimension grows and another shrinks/,
  );
  assert.throws(
    () => raised('y = Resize(x, r, s) {coordinate_transformation_mode="tf_half_pixel_for_nn"}', 11),
    /tf_half_pixel_for_nn, which opset 13 took away/,
  );
});

Deno.test("raiseOpset() leaves out inputs of Resize that are empty tensors", () => {
  const text = "tensor e float32[0] = []; tensor z int64[2] = [2, 3]; y = Resize(x, e, e, z)";
  assert.deepEqual(raised(text, 11), ['y = Resize(x, "", "", z)']);
});

Deno.test("raiseOpset() renames Scatter, and the modes of GridSample", () => {
  assert.deepEqual(raised("y = Scatter(x, i, u) {axis=1}", 9), [
    "y = ScatterElements(x, i, u) {axis=1}",
  ]);
  assert.deepEqual(raised('y = GridSample(x, g) {mode="bicubic"}', 16, 20), [
    'y = GridSample(x, g) {mode="cubic"}',
  ]);
});

Deno.test("raiseOpset() writes down the defaults that were others: RoiAlign, Split, TopK", () => {
  assert.deepEqual(raised("y = RoiAlign(x, r, b)", 10, 17), [
    'y = RoiAlign(x, r, b) {coordinate_transformation_mode="output_half_pixel"}',
  ]);
  assert.deepEqual(raised("a, b = Split(x)", 11, 18), ["a, b = Split(x) {num_outputs=2}"]);
  assert.deepEqual(raised("v, i = TopK(x) {k=3}", 9), [
    "v_k = Constant() {value=<int64[1] = [3]>}",
    "v, i = TopK(x, v_k)",
  ]);
});

Deno.test("raiseOpset() goes into bodies, also those of operators of other domains", () => {
  const lines = raised(
    `
    input x float32[2, 3]
    y = com.example::Twice(x) {body=graph { output z float32[3]; z = Squeeze(x) {axes=[0]} }}
    a = If(c) {then_branch=graph { output t float32[2, 3]; t = Softmax(x) }, else_branch=graph { output e float32[1]; e = com.example::Squeeze(x) {axes=[0]} }}
  `,
    11,
  );
  assert.deepEqual(lines.map((line) => line.trim()), [
    "y = com.example::Twice(x) {body=graph {",
    "output z float32[3]",
    "z_axes = Constant() {value=<int64[1] = [0]>}",
    "z = Squeeze(x, z_axes)",
    "}}",
    "a = If(c) {then_branch=graph {",
    "output t float32[2, 3]",
    "t = Softmax(x) {axis=-1}",
    "}, else_branch=graph {",
    "output e float32[1]",
    "e = com.example::Squeeze(x) {axes=[0]}",
    "}}",
  ]);
});

Deno.test("raiseOpset() raises functions, and refuses what takes attributes from the call", () => {
  const withBody = (text: string) => {
    const { node } = parseGraph(text);
    const called = create(FunctionProtoSchema, {
      name: "F",
      domain: "com.example",
      input: ["x"],
      output: ["y"],
      node,
      opsetImport: [{ version: 11n }],
    });
    return new Model({ ...model("y = com.example::F(x)", 11).proto, functions: [called] });
  };
  const [called] = raiseOpset(withBody("y = Squeeze(x) {axes=[0]}"), 13).proto.functions;
  assert.equal(called!.opsetImport[0]!.version, 13n);
  assert.deepEqual(called!.node.map(({ opType }) => opType), ["Constant", "Squeeze"]);
  assert.throws(
    () => raiseOpset(withBody("y = Squeeze(x) {axes=$ints axes}"), 13),
    /Squeeze "y" takes "axes" from the function around it/,
  );
});

Deno.test("raiseOpset() refuses by name what it does not know", () => {
  const cases: [string, number, number, RegExp][] = [
    ["y = Relu(x)", 6, 13, /Cannot raise net\.onnx from opset 6 to 13: opsets 7 to 28 are known/],
    ["y = Relu(x)", 29, 13, /from opset 29 to 13/],
    ["y = Relu(x)", 100, 13, /from opset 100/],
    ["y = Affine(x) @ scale", 7, 13, /Affine "scale" is not known as an operator of the standard/],
    ["y = Scan(x) {num_scan_inputs=1}", 8, 13, /Scan "y" scans a batch at once/],
    ['y = ConvTranspose(x, w) {auto_pad="SAME_UPPER"}', 9, 13, /auto_pad=SAME_UPPER/],
    [
      "y = GroupNormalization(x, s, b) {num_groups=2}",
      18,
      21,
      /GroupNormalization "y" scales by group/,
    ],
  ];
  for (const [text, from, target, message] of cases) {
    assert.throws(
      () => raiseOpset(model(text, from), target),
      (error) =>
        error instanceof UserError && message.test(error.message) || assert.fail(`${error}`),
    );
  }
  assert.throws(() => raiseOpset(model("y = Relu(x)", 9), 27), RangeError);
  assert.throws(() => raiseOpset(model("y = Relu(x)", 9), 12), RangeError);
});

Deno.test("raiseOpset() makes the names it needs new ones", () => {
  assert.deepEqual(raised("y_axes = Relu(x); y = Squeeze(y_axes) {axes=[0]}", 11), [
    "y_axes = Relu(x)",
    "y_axes_1 = Constant() {value=<int64[1] = [0]>}",
    "y = Squeeze(y_axes, y_axes_1)",
  ]);
});

Deno.test("the runtime gives the same bits before and after raising, operator by operator", async () => {
  const x = float32([2, 3, 4, 5], normal(120, 7));
  const cases = [
    ["Softmax(x) {axis=1}", 9],
    ["Softmax(x) {axis=0}", 11],
    ["LogSoftmax(x) {axis=2}", 11],
    ["Hardmax(x) {axis=1}", 11],
    ["Softmax(x) {axis=3}", 9],
    ['Pad(x) {pads=[0, 0, 1, 0, 0, 0, 0, 2], mode="constant", value=1.5}', 9],
    ["Clip(x) {min=-0.5, max=0.25}", 9],
    ["Slice(x) {starts=[1, -3], ends=[9223372036854775807, -1], axes=[1, 3]}", 9],
    ["Squeeze(x) {axes=[]}", 11],
    ["ReduceSum(x) {axes=[1, 3], keepdims=0}", 11],
    ['Upsample(x) {mode="nearest", scales=[1.0, 1.0, 2.0, 3.0]}', 7],
    ['Upsample(x) {mode="linear", scales=[1.0, 1.0, 2.0, 1.5]}', 8],
    ["Dropout(x) {ratio=0.5}", 7],
  ] as const;
  for (const [operation, opset] of cases) {
    const text = `input x float32[2, 3, 4, 5]; output y float32[...]; y = ${operation}`;
    await sameResults(model(text, opset, 4n), { x }, 17);
  }
});

Deno.test("the runtime gives the same bits for Resize of opset 10 where it grows and where it shrinks", async () => {
  const x = float32([1, 1, 5, 7], normal(35, 8));
  for (const scales of ["2.0, 3.0", "0.6, 0.6", "0.5, 2.7", "1.7, 1.0", "0.3, 1.0"]) {
    const text = `input x float32[1, 1, 5, 7]; output y float32[...]; ` +
      `tensor s float32[4] = [1.0, 1.0, ${scales}]; y = Resize(x, s)`;
    await sameResults(model(text, 10), { x });
  }
});

const networks = [
  "mnist-cnn/mnist.onnx",
  "cifar-resnet2b/resnet_2b.onnx",
  "fastestdet/FastestDet.onnx",
  "yunet/yunet_n_320_320.onnx",
];
const missing = !isThere(shared("models/"));
if (missing) console.warn("Skipping the raising of real networks: ../shared is missing");

for (const network of networks) {
  Deno.test(`the runtime gives the same bits before and after raising ${network}`, {
    ignore: missing,
  }, async () => {
    const before = await readModel(shared(`models/${network}`));
    const [input] = valueTypes(before.graph).inputs;
    const dims = input!.dims!.map(Number);
    const count = dims.reduce((product, dim) => product * dim, 1);
    await sameResults(before, { [input!.name]: float32(dims, normal(count, 9)) });
  });
}
