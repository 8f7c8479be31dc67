import { UserError } from "../errors.ts";
import { dimsOf, readTensorProto } from "../onnx/tensor_proto.ts";
import { elementCount, type Tensor } from "../tensor/tensor.ts";
import type { GraphFacts } from "./graph_facts.ts";

/**
 * Reads a float32 constant that is to be quantized.
 *
 * @throws {UserError} If an element is NaN or infinite: no scale serves it.
 */
export function readWeights(name: string, facts: GraphFacts): Tensor<"float32"> {
  const tensor = readTensorProto(facts.floatConstant(name)!) as Tensor<"float32">;
  const index = firstNonFinite(tensor.data);
  if (index < 0) return tensor;
  throw new UserError(
    `Cannot quantize weights "${name}": element ${index} is ${tensor.data[index]}; ` +
      `check how the network was trained and exported, or keep the nodes that read them in float32`,
  );
}

/** Why a node that wants these weights as integers cannot have them, if so. */
export function weightObstacle(name: string | undefined, facts: GraphFacts): string | undefined {
  const tensor = facts.floatConstant(name);
  if (!tensor) return "its weights are not float32 constants";
  return elementCount(dimsOf(tensor)) === 0 ? "its weights are empty" : undefined;
}

/** Index of the first NaN or infinity, -1 if there is none. */
export function firstNonFinite(values: Float32Array): number {
  let check = 0; // a sum that a single NaN or infinity makes NaN
  for (let i = 0; i < values.length; i++) check += values[i]! * 0;
  return check === 0 ? -1 : values.findIndex((x) => !Number.isFinite(x));
}
