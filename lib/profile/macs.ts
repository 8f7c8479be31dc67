import { lookUp } from "../look_up.ts";
import { intAttribute, isStandard } from "../onnx/node.ts";
import type { NodeProto } from "../onnx/onnx_pb.ts";
import { elementCount } from "../tensor/tensor.ts";

type Shape = readonly number[];

/** Shapes of what a node reads and gives. */
export interface NodeShapes {
  /** One for each input; undefined where it is left out or not known. */
  readonly inputs: readonly (Shape | undefined)[];
  readonly outputs: readonly Shape[];
}

/**
 * Multiplications with an addition that one execution of a node does, by the textbook: taps that fall
 * into the padding are counted too. Undefined for operators that are not made of them.
 *
 * @param node A node of a model, or of the runtime's optimized graph: Conv, QLinearConv, QGemm, ...
 * @example
 * ```ts
 * import { macs } from "./macs.ts";
 * import { makeNode } from "../onnx/node.ts";
 * import assert from "node:assert/strict";
 * const conv = makeNode("Conv", ["x", "w"], ["y"]);
 * assert.equal(macs(conv, { inputs: [[1, 3, 8, 8], [16, 3, 3, 3]], outputs: [[1, 16, 6, 6]] }), 15552);
 * ```
 */
export function macs(node: NodeProto, { inputs, outputs }: NodeShapes): number | undefined {
  const count = lookUp(
    COUNTS,
    isStandard(node) ? node.opType : node.opType.replace(/^Nhwc/, ""),
  );
  const [output] = outputs;
  const result = count && output && count(node, inputs, output);
  return result !== undefined && Number.isFinite(result) ? result : undefined;
}

type Count = (node: NodeProto, inputs: NodeShapes["inputs"], output: Shape) => number;

const count = (shape: Shape | undefined): number => shape ? elementCount(shape) : NaN;

/** A kernel [out, in / group, ...] for each element of the result; where it stands among the inputs. */
const conv = (kernel: number): Count => (_, inputs, output) =>
  count(output) * count(inputs[kernel]?.slice(1));

/** A kernel [in, out / group, ...] for each element of the input. */
const convTranspose: Count = (_, [input, kernel]) => count(input) * count(kernel?.slice(1));

const gemm: Count = (node, [left], output) =>
  count(output) * (left?.at(intAttribute(node, "transA", 0) === 1 ? 0 : -1) ?? NaN);

const matMul: Count = (node, [left], output) =>
  count(output) * (left?.at(intAttribute(node, "transA", 0) === 1 ? -2 : -1) ?? NaN);

/** X [steps, batch, inputs], or batch first; each step applies all of W and R to each of the batch. */
const recurrent: Count = (_, [x, w, r]) => count(x?.slice(0, 2)) * (count(w) + count(r));

const COUNTS: Readonly<Record<string, Count>> = {
  Conv: conv(1),
  ConvInteger: conv(1),
  FusedConv: conv(1),
  QLinearConv: conv(3),
  ConvTranspose: convTranspose,
  FusedGemm: gemm,
  Gemm: gemm,
  QGemm: gemm,
  DynamicQuantizeMatMul: matMul,
  FusedMatMul: matMul,
  MatMul: matMul,
  MatMulInteger: matMul,
  MatMulIntegerToFloat: matMul,
  QLinearMatMul: matMul,
  DynamicQuantizeLSTM: recurrent,
  GRU: recurrent,
  LSTM: recurrent,
  RNN: recurrent,
};

/**
 * The shape of each input of a node that ran. The runtime reports them in order, but leaves out the
 * weights that it has packed anew; those stand in the graph.
 *
 * @param seen Shapes as reported.
 * @param constant Shape of a constant by name.
 */
export function inputShapes(
  node: NodeProto,
  seen: readonly Shape[],
  constant: (name: string) => Shape | undefined,
): (Shape | undefined)[] {
  const given = node.input.filter((name) => name !== "");
  const left = [...seen];
  let waiting = given.filter((name) => !constant(name)).length;
  return node.input.map((name) => {
    if (name === "") return undefined;
    const known = constant(name);
    if (!known) {
      waiting--;
      return left.shift();
    }
    // Reported too, unless what is left is just enough for those that are no constants.
    if (left.length > waiting && String(left[0]) === String(known)) left.shift();
    return known;
  });
}
