import type { TensorProto } from "../onnx/onnx_pb.ts";
import { rawBytes } from "../onnx/tensor_proto.ts";

/** Stored tensors, to be found again by type, shape and elements. */
export class TensorSet {
  readonly #buckets = new Map<string, TensorProto[]>();

  add(tensor: TensorProto): void {
    const key = bucketOf(tensor);
    const bucket = this.#buckets.get(key);
    if (bucket) bucket.push(tensor);
    else this.#buckets.set(key, [tensor]);
  }

  /** The tensor added first among those with the same bits as this one. */
  find(tensor: TensorProto): TensorProto | undefined {
    const bucket = this.#buckets.get(bucketOf(tensor));
    if (!bucket) return undefined;
    const bytes = rawBytes(tensor);
    return bucket.find((other) => isSame(bytes, rawBytes(other)));
  }
}

/** A plain loop: a function called for each byte takes ten times as long. */
function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Type, shape, and FNV-1a over at most some 4,096 bytes, spread over the whole. */
function bucketOf(tensor: TensorProto): string {
  const bytes = rawBytes(tensor);
  const step = Math.ceil(bytes.length / 4096);
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i += step) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return `${tensor.dataType} [${tensor.dims}] ${hash}`;
}
