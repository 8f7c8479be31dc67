import {
  type ElementArrays,
  numericArrays,
  type NumericType,
  type Tensor,
} from "../../tensor/tensor.ts";

/** A node that cannot or should not be computed ahead; the caller leaves it in the graph. */
export class CannotEvaluate extends Error {
  override readonly name = "CannotEvaluate";
}

/** Where results are stored: hands out zeroed tensors until their bytes exceed what was granted. */
export class Workspace {
  #bytesLeft: number;

  /** @param maxBytes Most bytes to hand out, so that a `ConstantOfShape` of 10^12 costs nothing. */
  constructor(maxBytes: number) {
    this.#bytesLeft = maxBytes;
  }

  /** @throws {CannotEvaluate} If the tensor is larger than what is left, or its shape is no shape. */
  allocate<T extends NumericType>(type: T, dims: readonly number[]): Tensor<T> {
    if (!dims.every((dim) => Number.isSafeInteger(dim) && dim >= 0)) {
      throw new CannotEvaluate(`[${dims.join(", ")}] is no shape`);
    }
    const count = dims.reduce((product, dim) => product * dim, 1);
    this.#bytesLeft -= count * numericArrays[type].BYTES_PER_ELEMENT;
    if (!(this.#bytesLeft >= 0)) {
      throw new CannotEvaluate(
        `a ${type} tensor of shape [${dims.join(", ")}] is too large to fold`,
      );
    }
    // The table pairs each name with its array, a relation that TypeScript cannot index by T.
    const make: new (length: number) => unknown = numericArrays[type];
    return { type, dims, data: new make(count) as ElementArrays[T] };
  }

  /** A tensor with the same elements under another shape, of as many elements. Shares the data. */
  reshape(tensor: Tensor, dims: readonly number[]): Tensor {
    return { ...tensor, dims };
  }
}

/** The input at `index`, where an operator must have one of numbers. */
export function required(
  inputs: readonly (Tensor | undefined)[],
  index: number,
): Tensor<NumericType> {
  const tensor = inputs[index];
  if (!tensor || tensor.type === "string") {
    throw new CannotEvaluate(`input ${index} is missing or holds texts`);
  }
  return tensor as Tensor<NumericType>;
}

/**
 * Elements of an integer tensor as numbers. Values beyond 2^53 saturate there, which keeps their
 * meaning in Slice: exporters write the largest int64 for "to the end".
 */
export function integers(tensor: Tensor | undefined): number[] | undefined {
  if (!tensor) return undefined;
  switch (tensor.type) {
    case "int64":
    case "uint64":
      return Array.from(tensor.data as BigInt64Array | BigUint64Array, (value) => {
        const number = Number(value);
        return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, number));
      });
    case "int32":
    case "uint32":
    case "int16":
    case "uint16":
    case "int8":
    case "uint8":
      return Array.from(tensor.data as Int32Array);
    default:
      throw new CannotEvaluate(`${tensor.type} where integers are expected`);
  }
}

/** An axis counted from the front. */
export function normalizeAxis(axis: number, rank: number): number {
  const normal = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(normal) || normal < 0 || normal >= rank) {
    throw new CannotEvaluate(`axis ${axis} in a tensor of rank ${rank}`);
  }
  return normal;
}
