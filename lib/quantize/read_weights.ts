import { UserError } from "../errors.ts";
import { dimsOf, readTensorProto } from "../onnx/tensor_proto.ts";
import type { TensorProto } from "../onnx/onnx_pb.ts";
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
  if (elementCount(dimsOf(tensor)) === 0) return "its weights are empty";
  return worstOf(tensor) === "infinite" ? "its weights hold infinities" : undefined;
}

/** What is known of constants: the largest of a network are looked at many times. */
const worst = new WeakMap<TensorProto, "finite" | "infinite" | "NaN">();

/** What a float32 constant holds at worst. Of infinities, as a mask has them, no scale serves. */
export function worstOf(tensor: TensorProto): "finite" | "infinite" | "NaN" {
  let known = worst.get(tensor);
  if (known === undefined) {
    const values = readTensorProto(tensor).data as Float32Array;
    known = firstNonFinite(values) < 0 ? "finite" : values.some(Number.isNaN) ? "NaN" : "infinite";
    worst.set(tensor, known);
  }
  return known;
}

/** Index of the first NaN or infinity, -1 if there is none. */
function firstNonFinite(values: Float32Array): number {
  let check = 0; // a sum that a single NaN or infinity makes NaN
  for (let i = 0; i < values.length; i++) check += values[i]! * 0;
  return check === 0 ? -1 : values.findIndex((x) => !Number.isFinite(x));
}
