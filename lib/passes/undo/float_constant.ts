import type { NodeProto, TensorProto } from "../../onnx/onnx_pb.ts";
import { makeTensorProto } from "../../onnx/tensor_proto.ts";
import { type KnownIntegers, rememberIntegers } from "../known_integers.ts";
import { dequantizeKnown } from "./stored_integers.ts";

/** A constant of float32 that knows the integers it is made of. */
export function floatConstant(name: string, known: KnownIntegers): TensorProto {
  const tensor = makeTensorProto(name, dequantizeKnown(known));
  rememberIntegers(tensor, known);
  return tensor;
}

/** Nodes as the log names them. */
export function logNames(nodes: readonly NodeProto[]): { name: string; operator: string }[] {
  return nodes.map(({ name, opType }) => ({ name, operator: opType }));
}
