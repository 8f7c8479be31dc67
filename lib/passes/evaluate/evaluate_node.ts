import { lookUp } from "../../look_up.ts";
import { intAttribute, isStandard, tensorAttribute } from "../../onnx/node.ts";
import type { NodeProto } from "../../onnx/onnx_pb.ts";
import { elementType, readTensorProto } from "../../onnx/tensor_proto.ts";
import type { NumericType, Tensor } from "../../tensor/tensor.ts";
import * as elementwise from "./elementwise.ts";
import * as layout from "./layout.ts";
import { matMul } from "./product.ts";
import { quantizeLinear } from "./quantize_linear.ts";
import { reduce, REDUCING } from "./reduce.ts";
import { CannotEvaluate, required, Workspace } from "./workspace.ts";

type Inputs = readonly (Tensor | undefined)[];
type Operator = (node: NodeProto, inputs: Inputs, workspace: Workspace) => Tensor | Tensor[];

/** What exporters surround weights and shapes with, and nothing that a network spends its time on. */
const OPERATORS: Readonly<Record<string, Operator>> = {
  ...byName(elementwise.UNARY_OPERATORS, elementwise.unary),
  ...byName(["Add", "Sub", "Sum", "Mul", "Div", "Max", "Min"], elementwise.arithmetic),
  ...byName(
    ["Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "And", "Or"],
    elementwise.comparison,
  ),
  Cast: (node, inputs, workspace) => {
    const type = elementType(intAttribute(node, "to", 0));
    if (!type || type === "string") throw new CannotEvaluate("Cast to what has no array");
    return elementwise.cast(required(inputs, 0), type, workspace);
  },
  Clip: elementwise.clipBetween,
  Concat: layout.concat,
  ConstantOfShape: (node, inputs, workspace) => {
    const stored = tensorAttribute(node, "value");
    if (stored && !isPlain(stored.dataType)) throw new CannotEvaluate("a type without an array");
    const value = stored && required([readTensorProto(stored)], 0);
    return layout.constantOfShape(value, inputs, workspace);
  },
  Expand: (_, inputs, workspace) => layout.expand(inputs, workspace),
  Flatten: layout.flatten,
  Gather: layout.gather,
  Identity: (_, inputs) => required(inputs, 0),
  MatMul: (_, inputs, workspace) => matMul(inputs, workspace),
  Not: (_, inputs, workspace) => elementwise.not(inputs, workspace),
  Pow: (_, inputs, workspace) => elementwise.power(inputs, workspace),
  QuantizeLinear: quantizeLinear,
  Range: (_, inputs, workspace) => layout.range(inputs, workspace),
  ...Object.fromEntries(REDUCING.map((name) => [name, reduce])),
  Reshape: layout.reshape,
  Shape: layout.shape,
  Size: (_, inputs, workspace) => layout.size(inputs, workspace),
  Slice: layout.sliceTensor,
  Split: layout.split,
  Squeeze: layout.squeeze,
  Tile: (_, inputs, workspace) => layout.tile(inputs, workspace),
  Transpose: layout.transpose,
  Unsqueeze: layout.unsqueeze,
  Where: (_, inputs, workspace) => elementwise.where(inputs, workspace),
};

function byName(
  names: readonly string[],
  operator: (opType: string, inputs: Inputs, workspace: Workspace) => Tensor,
): Record<string, Operator> {
  return Object.fromEntries(
    names.map((name): [string, Operator] => [
      name,
      (node, inputs, workspace) => {
        // Before opset 7 attributes said how to broadcast.
        if (node.attribute.length > 0) throw new CannotEvaluate("an old form of broadcasting");
        return operator(node.opType, inputs, workspace);
      },
    ]),
  );
}

/** Whether `evaluateNode()` knows this operator. */
export function canEvaluate(node: NodeProto): boolean {
  return isStandard(node) && Object.hasOwn(OPERATORS, node.opType);
}

/** Whether elements of this ONNX type are numbers with an array of their own (no int4, no texts). */
export function isPlain(dataType: number): boolean {
  const type = elementType(dataType);
  return type !== undefined && type !== "string";
}

/**
 * Computes one node from constants, the slow plain way.
 *
 * @param inputs Its inputs in order, undefined where one is left out.
 * @param maxBytes Most bytes to spend on the results.
 * @returns One tensor for each output; undefined if the node cannot or should not be computed ahead:
 * an operator or type that is not known here, a result above `maxBytes`, a value that ONNX leaves
 * undefined, input that the operator refuses. The runtime will say what is wrong with it, if anything.
 * @example
 * ```ts
 * import { evaluateNode } from "./evaluate_node.ts";
 * import { makeNode } from "../../onnx/node.ts";
 * import { float32 } from "../../tensor/tensor.ts";
 * import assert from "node:assert/strict";
 *
 * const add = makeNode("Add", ["a", "b"], ["c"]);
 * const [c] = evaluateNode(add, [float32([2], [1, 2]), float32([1], [10])], 100)!;
 * assert.deepEqual(c!.data, new Float32Array([11, 12]));
 * ```
 */
export function evaluateNode(
  node: NodeProto,
  inputs: readonly (Tensor | undefined)[],
  maxBytes: number,
): Tensor<NumericType>[] | undefined {
  if (!canEvaluate(node)) return undefined;
  try {
    const result = lookUp(OPERATORS, node.opType)!(node, inputs, new Workspace(maxBytes));
    return (Array.isArray(result) ? result : [result]) as Tensor<NumericType>[];
  } catch (error) {
    if (error instanceof CannotEvaluate) return undefined;
    throw error;
  }
}
