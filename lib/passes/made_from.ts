import type { TensorProto } from "../onnx/onnx_pb.ts";
import { makeTensorProto } from "../onnx/tensor_proto.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { carryIntegers } from "./carry_integers.ts";
import { integersOf, rememberIntegers } from "./known_integers.ts";

/** A constant that is made from another, of which the same integers are known where they still stand. */
export function madeFrom(
  source: TensorProto | undefined,
  name: string,
  tensor: Tensor,
): TensorProto {
  const made = makeTensorProto(name, tensor);
  const known = integersOf(source);
  const carried = known && carryIntegers(known, tensor);
  if (carried) rememberIntegers(made, carried);
  return made;
}
