import { makeNode } from "../onnx/node.ts";
import { dimsOf, readTensorProto } from "../onnx/tensor_proto.ts";
import { type NodeProto, TensorProto_DataType } from "../onnx/onnx_pb.ts";
import { elementCount } from "../tensor/tensor.ts";
import type { Builder } from "./builder.ts";
import type { GraphFacts } from "./graph_facts.ts";
import type { WeightOnly } from "./qconfig.ts";
import { channelAxes } from "./weight_axes.ts";
import { quantizeWeights } from "./weights.ts";

/** Fewer elements are not worth a Cast, a Mul and a scale in the file. */
const FEWEST_ELEMENTS = 128;

/** Inputs of a node that hold float32 weights of rank 2 or more, large enough to be stored smaller. */
export function storableWeights(node: NodeProto, facts: GraphFacts): number[] {
  return node.input.flatMap((name, input) => {
    const tensor = facts.floatConstant(name);
    if (!tensor) return [];
    const dims = dimsOf(tensor);
    return dims.length >= 2 && elementCount(dims) >= FEWEST_ELEMENTS ? [input] : [];
  });
}

/**
 * Stores the weights of a node as int8 initializer, Cast and Mul by the scale. The runtime folds the
 * two when it makes a session, so the file is a quarter and the kernel sees float32. (Stored behind
 * DequantizeLinear they would not be folded, and run 1.5 to 9 times slower.)
 */
export function storeSmall(node: NodeProto, qconfig: WeightOnly, builder: Builder): void {
  for (const input of storableWeights(node, builder.facts)) {
    const name = node.input[input]!;
    if (!builder.claim(`${name}:weightOnly`)) continue; // another node has stored it already
    const weights = readTensorProto(builder.facts.floatConstant(name)!);
    const axes = qconfig.weight.granularity === "channel"
      ? channelAxes(node, input, weights.dims.length)
      : [];
    const quantized = quantizeWeights(weights.data as Float32Array, weights.dims, axes);
    const stored = builder.constant(`${name}_int8`, {
      type: "int8",
      dims: weights.dims,
      data: quantized.values,
    });
    const scale = builder.constant(`${name}_scale`, {
      type: "float32",
      dims: quantized.scaleDims,
      data: quantized.scales,
    });
    const wide = builder.fresh(`${name}_float32`);
    // The product takes the name of the initializer it replaces, so that every reader finds it.
    builder.replaceConstant(name, [
      makeNode("Cast", [stored], [wide], { to: TensorProto_DataType.FLOAT }),
      makeNode("Mul", [wide, scale], [name]),
    ]);
  }
}
