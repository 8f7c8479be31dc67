import assert from "node:assert/strict";
import { inputShapes, macs } from "../../lib/profile/macs.ts";
import { makeNode } from "../../lib/onnx/node.ts";

Deno.test("macs() counts by the textbook, for float32 and int8 kernels alike", () => {
  const of = (
    opType: string,
    inputs: (number[] | undefined)[],
    output: number[],
    attributes: Record<string, number> = {},
  ) =>
    macs(makeNode(opType, inputs.map((_, i) => `i${i}`), ["y"], attributes), {
      inputs,
      outputs: [output],
    });
  // Depthwise 3x3 over 8 channels, 5x5 results: 9 each.
  assert.equal(of("Conv", [[1, 8, 7, 7], [8, 1, 3, 3]], [1, 8, 5, 5]), 1800);
  assert.equal(of("QLinearConv", [[1, 7, 7, 8], [], [], [8, 8, 3, 3]], [1, 5, 5, 8]), 14400);
  assert.equal(of("ConvTranspose", [[1, 4, 3, 3], [4, 2, 2, 2]], [1, 2, 6, 6]), 36 * 8);
  assert.equal(of("Gemm", [[5, 7], [7, 3]], [5, 3]), 105);
  assert.equal(of("Gemm", [[7, 5], [7, 3]], [5, 3], { transA: 1 }), 105);
  assert.equal(of("MatMul", [[2, 5, 7], [2, 7, 3]], [2, 5, 3]), 210);
  assert.equal(of("MatMulIntegerToFloat", [[5, 7], [7, 3]], [5, 3]), 105);
  // 10 steps, batch 2, 4 inputs, 3 units in both directions, 3 gates.
  assert.equal(of("GRU", [[10, 2, 4], [2, 9, 4], [2, 9, 3]], [10, 2, 2, 3]), 20 * (72 + 54));
  assert.equal(of("Relu", [[5]], [5]), undefined);
  assert.equal(of("Conv", [[1, 8, 7, 7], undefined], [1, 8, 5, 5]), undefined);
});

Deno.test("inputShapes() puts the weights back that the runtime packed and does not report", () => {
  const node = makeNode("QLinearConv", ["x", "xs", "xz", "w", "ws", "wz", "ys", "yz", "b"], ["y"]);
  const constants: Record<string, number[]> = { w: [8, 4, 3, 3], ws: [8], wz: [8], b: [8] };
  for (const name of ["xs", "xz", "ys", "yz"]) constants[name] = [];
  const constant = (name: string) => constants[name];
  const all = [[1, 7, 7, 4], [], [], [8, 4, 3, 3], [8], [8], [], [], [8]];
  const packed = all.toSpliced(3, 1);
  assert.deepEqual(inputShapes(node, all, constant), all);
  assert.deepEqual(inputShapes(node, packed, constant), all);
  // An input of the weights' shape is not taken for them.
  const product = makeNode("MatMul", ["w", "x"], ["y"]);
  assert.deepEqual(inputShapes(product, [[2, 2]], () => undefined), [[2, 2], undefined]);
  const square = (name: string) => name === "w" ? [2, 2] : undefined;
  assert.deepEqual(inputShapes(product, [[2, 2]], square), [[2, 2], [2, 2]]);
});
