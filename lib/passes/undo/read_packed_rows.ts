import { intAttribute } from "../../onnx/node.ts";
import type { NodeProto, TensorProto } from "../../onnx/onnx_pb.ts";
import { dimsOf } from "../../onnx/tensor_proto.ts";
import { unpackBits } from "../../tensor/packing.ts";
import type { KnownIntegers } from "../known_integers.ts";
import { readNumbers, type StoredIntegers, storedIntegers } from "./stored_integers.ts";

/** The table of a GatherBlockQuantized; or why it cannot be read. */
export function readPackedRows(
  node: NodeProto,
  constants: ReadonlyMap<string, TensorProto>,
): KnownIntegers & { type: string } | string {
  const [table, , scale, zero] = node.input.map((name) => constants.get(name));
  if (!table || !scale || (node.input[3] && !zero)) return "its table is no constant";
  const read = unpackRows(table, intAttribute(node, "bits", 4));
  const zeros = zero && unpackRows(zero, intAttribute(node, "bits", 4));
  const scales = readNumbers(scale)?.data;
  if (!read || zero && !zeros || !(scales instanceof Float32Array)) {
    return "its table is of a type that is not known";
  }
  const { integers, bits, type } = read;
  const { dims } = integers;
  const axis = (intAttribute(node, "quantize_axis", 1) + dims.length) % dims.length;
  const blockSize = intAttribute(node, "block_size", 128);
  const blocks = dims.map((length, i) => i === axis ? Math.ceil(length / blockSize) : length);
  if (`${dimsOf(scale)}` !== `${blocks}`) return "its blocks do not fit its table";
  const Integers = integers.type === "int8" ? Int8Array : Uint8Array;
  // Packed bytes are unsigned, with half of what they reach for zero.
  const isPacked = type !== "int4" && type !== "uint4";
  const fallback = new Integers(scales.length).fill(isPacked ? 1 << bits - 1 : 0);
  let zeroPoints = zeros?.integers.data ?? fallback;
  const [last] = blocks.slice(-1);
  const stored = zeros?.integers.dims.at(-1);
  if (zeros && stored !== last) {
    // Each row of packed zero points is filled up to whole bytes.
    zeroPoints = new Integers(scales.length);
    for (let i = 0; i < zeroPoints.length; i++) {
      zeroPoints[i] = zeros.integers.data[Math.floor(i / last!) * stored! + i % last!]!;
    }
  }
  return {
    integers,
    bits,
    type: `${integers.type.replace("8", "")}${bits}`,
    scales,
    zeroPoints,
    axis,
    blockSize,
  };
}

/** Integers of their own type, or packed into bytes along the last dimension. */
function unpackRows(tensor: TensorProto, bits: number): StoredIntegers | undefined {
  const stored = storedIntegers(tensor);
  if (stored?.type !== "uint8" || bits === 8) return stored;
  if (bits !== 2 && bits !== 4) return undefined;
  const { dims, data } = stored.integers;
  const whole = [...dims.slice(0, -1), dims.at(-1)! * 8 / bits];
  const unpacked = unpackBits(data as Uint8Array, `uint${bits}`, data.length * 8 / bits);
  return {
    bits,
    type: "uint8",
    integers: { type: "uint8", dims: whole, data: unpacked as Uint8Array },
  };
}
