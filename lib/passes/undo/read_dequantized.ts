import { intAttribute } from "../../onnx/node.ts";
import {
  type NodeProto,
  type TensorProto,
  TensorProto_DataType as DataType,
} from "../../onnx/onnx_pb.ts";
import { dimsOf, readTensorProto } from "../../onnx/tensor_proto.ts";
import type { KnownIntegers } from "../known_integers.ts";
import { unpackIntegers } from "./stored_integers.ts";

/**
 * What a DequantizeLinear of a constant reads.
 *
 * @returns Why it cannot be read; undefined for integers of other widths, such as those of a bias.
 */
export function readDequantized(
  node: NodeProto,
  constants: ReadonlyMap<string, TensorProto>,
): KnownIntegers | string | undefined {
  const unpacked = unpackIntegers(constants.get(node.input[0]!)!);
  if (!unpacked) return undefined;
  const scale = constants.get(node.input[1]!);
  const zero = constants.get(node.input[2] ?? "");
  if (!scale || (node.input[2] && !zero)) return "its scale or zero point is no constant";
  if (scale.dataType !== DataType.FLOAT) return "it does not make float32";
  const { integers, bits } = unpacked;
  const { dims } = integers;
  const scales = readTensorProto(scale).data as Float32Array;
  const Integers = integers.type === "int8" ? Int8Array : Uint8Array;
  const zeros = zero ? unpackIntegers(zero) : undefined;
  const zeroPoints = zeros?.integers.data ?? new Integers(scales.length);
  if (zero && !zeros || zeroPoints.length !== scales.length) {
    return "it has not as many zero points as scales";
  }
  const base = { integers, scales, zeroPoints, ...(bits === 8 ? {} : { bits }) };
  const axis = (intAttribute(node, "axis", 1) + dims.length) % dims.length;
  const blockSize = intAttribute(node, "block_size", 0);
  if (blockSize > 0) {
    const blocks = dims.map((length, i) => i === axis ? Math.ceil(length / blockSize) : length);
    if (`${dimsOf(scale)}` !== `${blocks}`) return "its blocks do not fit its integers";
    return { ...base, axis, blockSize };
  }
  if (scales.length === 1) return { ...base, axis: undefined };
  if (dims[axis] !== scales.length) return "its scales do not fit its integers";
  return { ...base, axis };
}
