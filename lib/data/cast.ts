import type { ElementArrays, ElementType, NumericType, Tensor } from "../tensor/tensor.ts";
import { sharedArray } from "./shared.ts";

const FLOATS: ReadonlySet<ElementType> = new Set(["float16", "float32", "float64"]);
const INTEGERS: ReadonlySet<ElementType> = new Set(
  ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"],
);

/** Largest integer up to which a float type holds every integer. */
const EXACT_UP_TO: Partial<Record<ElementType, number>> = {
  float16: 2 ** 11,
  float32: 2 ** 24,
  float64: 2 ** 53,
};

/** Smallest and largest value of an integer type, from its name. */
function integerRange(type: ElementType): [min: bigint, max: bigint] {
  const bits = BigInt(type.replace(/\D/g, ""));
  return type.startsWith("u")
    ? [0n, 2n ** bits - 1n]
    : [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n];
}

/**
 * Whether an array of one type may stand in for an input of another. Floats may become floats of
 * another width (and are rounded); integers and bool may become integers or floats, if
 * {@linkcode findUnfit} finds no value that would change. numpy makes float64 and int64 unless
 * told otherwise, and pictures are uint8, so refusing these would only cost the user a line.
 */
export function mayConvert(from: ElementType, to: ElementType): boolean {
  if (from === to) return true;
  if (FLOATS.has(from)) return FLOATS.has(to);
  return (INTEGERS.has(from) || from === "bool") && (INTEGERS.has(to) || FLOATS.has(to));
}

/**
 * Index of the first value that a network input of type `to` cannot take: NaN, an infinity, a float
 * beyond the type's range, an integer that would change. -1 if there is none.
 */
export function findUnfit(tensor: Tensor, to: ElementType): number {
  const { type, data } = tensor;
  if (FLOATS.has(type)) return findInfinite(data as Float64Array, to);
  if (type === to || type === "bool" || !INTEGERS.has(type)) return -1;
  const exact = EXACT_UP_TO[to];
  const [low, high] = exact ? [BigInt(-exact), BigInt(exact)] : integerRange(to);
  const [min, max] = integerRange(type);
  if (min >= low && max <= high) return -1; // the whole type fits
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    for (let i = 0; i < data.length; i++) if (data[i]! < low || data[i]! > high) return i;
    return -1;
  }
  const values = data as Int32Array;
  const [least, most] = [Number(low), Number(high)];
  for (let i = 0; i < values.length; i++) if (values[i]! < least || values[i]! > most) return i;
  return -1;
}

function findInfinite(values: Float64Array, to: ElementType): number {
  const round = to === "float16" ? Math.f16round : to === "float32" ? Math.fround : Number;
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(round(values[i]!))) return i;
  return -1;
}

/** The tensor as another element type, on shared memory. The caller has asked if it may. */
export function convertTensor<T extends NumericType>(tensor: Tensor, to: T): Tensor<T> {
  const from = tensor.data as ArrayLike<number> | ArrayLike<bigint>;
  const data = sharedArray(to, from.length);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    for (let i = 0; i < from.length; i++) data[i] = BigInt(from[i]!);
  } else if (typeof from[0] === "bigint") {
    for (let i = 0; i < from.length; i++) (data as Float64Array)[i] = Number(from[i]);
  } else (data as Float64Array).set(from as ArrayLike<number>);
  return { type: to, dims: tensor.dims, data: data as ElementArrays[T] };
}
