import type { TensorProto } from "../onnx/onnx_pb.ts";
import { bitsOf, dimsOf, rawBytes } from "../onnx/tensor_proto.ts";

/** Stored matrices, to be found by what they are transposed. Tensors of other ranks are never found. */
export class TransposedSet {
  readonly #buckets = new Map<string, TensorProto[]>();

  add(tensor: TensorProto): void {
    const dims = dimsOf(tensor);
    if (dims.length !== 2) return;
    const key = bucketOf(tensor, dims);
    const bucket = this.#buckets.get(key);
    if (bucket) bucket.push(tensor);
    else this.#buckets.set(key, [tensor]);
  }

  /** The matrix added first among those that are this one transposed. */
  find(tensor: TensorProto): TensorProto | undefined {
    const dims = dimsOf(tensor);
    if (dims.length !== 2) return undefined;
    const bucket = this.#buckets.get(bucketOf(tensor, dims.toReversed()));
    return bucket?.find((other) => areTransposed(other, tensor));
  }
}

function bucketOf({ dataType }: TensorProto, dims: readonly number[]): string {
  return `${dataType} [${dims}]`;
}

/** Whether one of two matrices of a type is the other transposed. Not told of types below a byte. */
function areTransposed(one: TensorProto, other: TensorProto): boolean {
  const [rows = 0, columns = 0] = dimsOf(one);
  const size = (bitsOf(one.dataType) ?? 0) / 8;
  if (size < 1) return false;
  const [bytes, there] = [rawBytes(one), rawBytes(other)];
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      for (let b = 0; b < size; b++) {
        if (bytes[(r * columns + c) * size + b] !== there[(c * rows + r) * size + b]) return false;
      }
    }
  }
  return true;
}
