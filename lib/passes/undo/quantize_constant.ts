import { intAttribute, withAttributes } from "../../onnx/node.ts";
import { type NodeProto, type TensorProto, TensorProto_DataType } from "../../onnx/onnx_pb.ts";
import { bitsOf, dataTypeName, readTensorProto } from "../../onnx/tensor_proto.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { evaluateNode } from "../evaluate/evaluate_node.ts";
import { readNumbers, type StoredIntegers, storedIntegers } from "./stored_integers.ts";

/** The integers that a QuantizeLinear makes of a constant of floats, as the runtime does; or nothing. */
export function quantizeConstant(
  node: NodeProto,
  constants: ReadonlyMap<string, TensorProto>,
): StoredIntegers | undefined {
  const [x, scale, zero] = node.input.map((name) => constants.get(name));
  const scales = readNumbers(scale);
  if (x?.dataType !== TensorProto_DataType.FLOAT || !scales || (node.input[2] && !zero)) {
    return undefined;
  }
  const type = zero?.dataType ??
    (intAttribute(node, "output_dtype", 0) || TensorProto_DataType.UINT8);
  const bits = bitsOf(type);
  const name = dataTypeName(type).toLowerCase();
  const wide = name.startsWith("u") ? "uint8" : "int8";
  if (bits !== 8 && bits !== 4 && bits !== 2 || !/^u?int/.test(name)) return undefined;
  const { dims } = scales;
  const Integers = wide === "int8" ? Int8Array : Uint8Array;
  const zeros = zero
    ? storedIntegers(zero)!.integers
    : { type: wide, dims, data: new Integers(scales.data.length) } as Tensor;
  const plain = withAttributes({ ...node, domain: "" }, { output_dtype: undefined });
  const inputs = [readTensorProto(x), scales, zeros];
  const made = evaluateNode(plain, inputs, Infinity)?.[0];
  if (made?.type !== wide) return undefined;
  const [least, most] = wide === "int8"
    ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1]
    : [0, 2 ** bits - 1];
  const data = (made.data as Int8Array | Uint8Array).map((value) =>
    Math.max(least, Math.min(value, most))
  );
  const integers = { type: wide, dims: made.dims, data } as StoredIntegers["integers"];
  return { integers, bits, type: name };
}
