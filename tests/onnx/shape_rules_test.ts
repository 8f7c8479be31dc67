import assert from "node:assert/strict";
import { constants } from "../../lib/onnx/graph.ts";
import { knownShapes } from "../../lib/onnx/known_shapes.ts";
import { parseGraph } from "../../lib/onnx/text.ts";

const CONSTANTS = `
  tensor one int64[1] = [1]
  tensor last int64[1] = [-1]
  tensor two int64[2] = [1, 3]
  tensor four int64[4] = [0, 0, -1, 2]
  tensor pads int64[8] = [0, 0, 1, 2, 0, 0, 3, 4]
  tensor scales float32[4] = [1.0, 1.0, 2.0, 1.0]
  tensor first int64[] = [0]`;

/** The shape of `y`, where `x` is [3, 4, 8, 5]; "?" where a length is not known. */
function shapeOf(nodes: string, x: readonly number[] = [3, 4, 8, 5]): string | undefined {
  const graph = parseGraph(`${CONSTANTS}\n${nodes}`);
  const known = new Map([
    ["x", x],
    ["w", [6, 2, 3, 1]],
    ["t", [4, 3, 2, 2]],
    ["m", [5, 7]],
  ]);
  const found = knownShapes(graph, constants(graph), known).get("y");
  return found && found.map((length) => Number.isNaN(length) ? "?" : length).join(" ");
}

Deno.test("knownShapes() follows each operator from what it reads", () => {
  const cases: [string, string | undefined][] = [
    ["y = Relu(x)", "3 4 8 5"],
    ["y = Conv(x, w) {group=2, pads=[1, 0, 1, 0], strides=[2, 1]}", "3 6 4 5"],
    ["y = Conv(q, w)", "? 6 ? ?"],
    ["y = ConvTranspose(x, t) {strides=[2, 2], group=2}", "3 6 16 10"],
    ['y = ConvTranspose(x, t) {auto_pad="SAME_UPPER"}', "3 3 ? ?"],
    ["y = MaxPool(x) {kernel_shape=[2, 2], strides=[2, 2]}", "3 4 4 2"],
    ["y = MaxPool(x) {kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1}", "3 4 ? ?"],
    ["y = GlobalAveragePool(x)", "3 4 1 1"],
    ["y = MatMul(x, m)", "3 4 8 7"],
    ["h = Flatten(x) {axis=3}; y = Gemm(h, m)", "96 7"],
    ["y = Flatten(x) {axis=-1}", "96 5"],
    ["h = GlobalMaxPool(x); y = Add(x, h)", "3 4 8 5"],
    ["y = Add(x, q)", undefined],
    ["y = Concat(x, q, x) {axis=-1}", "3 4 8 ?"],
    ["y = Concat(x, x) {axis=1}", "3 8 8 5"],
    ["a, y = Split(x) {axis=1, split=[1, 3]}", "3 3 8 5"],
    ["y, b = Split(x, two) {axis=1}", "3 1 8 5"],
    ["y = Reshape(x, four)", "3 4 20 2"],
    ["y = Reshape(q, four)", "? ? ? 2"],
    ["y = Transpose(x) {perm=[0, 3, 1, 2]}", "3 5 4 8"],
    ["y = Transpose(x)", "5 8 4 3"],
    ["y = Unsqueeze(x, last)", "3 4 8 5 1"],
    ["h = GlobalAveragePool(x); y = Squeeze(h, last)", "3 4 1"],
    ["y = Gather(x, first) {axis=2}", "3 4 5"],
    ["y = Gather(x, two) {axis=-1}", "3 4 8 2"],
    ["y = Slice(x, one, one, two)", "3 ? 8 ?"],
    ["y = Slice(x, one, one)", "? 4 8 5"],
    ["y = Pad(x, pads)", "3 4 12 11"],
    ['y = Resize(x, "", scales)', "3 4 ? 5"],
    ["y = DepthToSpace(x) {blocksize=2}", "3 1 16 10"],
    ["y = SpaceToDepth(x) {blocksize=1}", "3 4 8 5"],
    ["y = ReduceMean(x) {axes=[2, -1], keepdims=0}", "3 4"],
    ["y = ReduceMean(x) {axes=[2, -1]}", "3 4 1 1"],
    ["y = ReduceSum(x) {keepdims=0}", ""],
    ["y = ArgMax(x) {axis=-1, keepdims=0}", "3 4 8"],
    ["y = TopK(x, one)", "3 4 8 ?"],
    ["y = Shape(x)", "4"],
    ["y = Expand(one, two)", "1 3"],
    ["h = ReduceMax(x) {axes=[1, 2, 3], keepdims=0}; y = Where(h, h, h)", "3"],
    ["y = Op(x)", undefined],
    // Not as the standard says.
    ["y = Transpose(x) {perm=[0, 1]}", undefined],
    ["y = Flatten(x) {axis=9}", "? ?"],
    ["y = Squeeze(x) {axes=[7]}", undefined],
    ["y = Conv(x, w) {strides=[0, 0]}", undefined],
    ["y = Flatten(x) {axis=9223372036854775807}", undefined],
  ];
  for (const [nodes, expected] of cases) {
    assert.equal(shapeOf(nodes), expected, nodes);
  }
});

Deno.test("knownShapes() follows recurrent layers along their sequence", () => {
  const x = [9, 2, 6];
  assert.equal(shapeOf("h, y = GRU(x, m3, m3) {hidden_size=4}", x), "? 2 4");
  assert.equal(shapeOf("y = LSTM(x, t3, t3) {hidden_size=4}", x), "9 ? 2 4");
  assert.equal(shapeOf("y = LSTM(x, t3, t3) {hidden_size=4, layout=1}", x), "? ? ? ?");
});
