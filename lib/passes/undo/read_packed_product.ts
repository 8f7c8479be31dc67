import { intAttribute } from "../../onnx/node.ts";
import type { NodeProto, TensorProto } from "../../onnx/onnx_pb.ts";
import { dimsOf } from "../../onnx/tensor_proto.ts";
import { elementCount } from "../../tensor/tensor.ts";
import type { KnownIntegers } from "../known_integers.ts";
import { readNumbers } from "./stored_integers.ts";

/** The weights of a MatMulNBits as those of a MatMul, shape [K, N]; or why they cannot be read. */
export function readPackedProduct(
  node: NodeProto,
  constants: ReadonlyMap<string, TensorProto>,
): KnownIntegers & { type: string } | string {
  const [, stored, scale, zero] = node.input.map((name) => constants.get(name));
  if (!stored || !scale || (node.input[3] && !zero)) return "its weights are no constants";
  if (node.input[4]) return "it has an order of its groups (g_idx)";
  const bits = intAttribute(node, "bits", 4);
  if (bits !== 2 && bits !== 4 && bits !== 8) return `its weights have ${bits} bits`;
  const [rows, columns] = [intAttribute(node, "K", 0), intAttribute(node, "N", 0)];
  const blockSize = intAttribute(node, "block_size", 0);
  const blocks = Math.ceil(rows / blockSize);
  const bytes = readNumbers(stored)?.data;
  const given = readNumbers(scale)?.data;
  const zeros = readNumbers(zero)?.data;
  if (!(given instanceof Float32Array)) return "its scales are not float32";
  if (!(bytes instanceof Uint8Array)) return "its integers are not packed in bytes";
  if (zero && !(zeros instanceof Uint8Array)) return "its zero points are no integers";
  const blockBytes = blockSize * bits / 8;
  const zeroBytes = Math.ceil(blocks * bits / 8);
  if (
    elementCount(dimsOf(stored)) !== columns * blocks * blockBytes ||
    given.length !== columns * blocks
  ) {
    return "its weights do not fit K, N and block_size";
  }
  const at = (from: Uint8Array, start: number, i: number) =>
    from[start + (i * bits >> 3)]! >> (i * bits & 7) & (1 << bits) - 1;
  const data = new Uint8Array(rows * columns);
  const scales = new Float32Array(blocks * columns);
  const zeroPoints = new Uint8Array(blocks * columns).fill(1 << bits - 1);
  for (let n = 0; n < columns; n++) {
    for (let b = 0; b < blocks; b++) {
      scales[b * columns + n] = given[n * blocks + b]!;
      if (zeros instanceof Uint8Array) zeroPoints[b * columns + n] = at(zeros, n * zeroBytes, b);
    }
    const start = n * blocks * blockBytes;
    for (let k = 0; k < rows; k++) data[k * columns + n] = at(bytes, start, k);
  }
  const integers = { type: "uint8", dims: [rows, columns], data } as const;
  return { integers, type: `uint${bits}`, bits, scales, zeroPoints, axis: 0, blockSize };
}
