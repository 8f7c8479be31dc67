import { lookUp } from "../../look_up.ts";
import { floatAttribute } from "../../onnx/node.ts";
import type { NodeProto } from "../../onnx/onnx_pb.ts";
import type { NumericType, Tensor } from "../../tensor/tensor.ts";
import { roundEven } from "../../tensor/round.ts";
import { broadcastDims, broadcastStrides, forEachOffset, forEachPair } from "./strided.ts";
import { CannotEvaluate, required, type Workspace } from "./workspace.ts";

type Inputs = readonly (Tensor | undefined)[];

/**
 * One operation in float64, then rounded to the element type, and in 64-bit integers. For float32
 * +, -, *, / and the square root this is the correctly rounded float32 result: a float64 has more
 * than twice the bits, so rounding twice does no harm (Figueroa 1995).
 */
interface Arithmetic<Arguments extends unknown[], BigArguments extends unknown[]> {
  readonly number: (...values: Arguments) => number;
  readonly bigint?: (...values: BigArguments) => bigint;
}

type Unary = Arithmetic<[number], [bigint]>;
type Binary = Arithmetic<[number, number], [bigint, bigint]>;

const UNARY: Readonly<Record<string, Unary>> = {
  Abs: { number: Math.abs, bigint: (a) => a < 0n ? -a : a },
  Ceil: { number: Math.ceil },
  Exp: { number: Math.exp },
  Floor: { number: Math.floor },
  Log: { number: Math.log },
  Neg: { number: (a) => -a, bigint: (a) => -a },
  Reciprocal: { number: (a) => 1 / a },
  Relu: { number: (a) => a < 0 ? 0 : a },
  Round: { number: roundEven },
  Sigmoid: { number: (a) => 1 / (1 + Math.exp(-a)) },
  Sign: { number: Math.sign },
  Softplus: { number: (a) => Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a))) },
  Sqrt: { number: Math.sqrt },
  Tanh: { number: Math.tanh },
};

/** Operators that {@linkcode unary} knows. */
export const UNARY_OPERATORS: readonly string[] = Object.keys(UNARY);

const BINARY: Readonly<Record<string, Binary>> = {
  Add: { number: (a, b) => a + b, bigint: (a, b) => a + b },
  Sub: { number: (a, b) => a - b, bigint: (a, b) => a - b },
  Sum: { number: (a, b) => a + b },
  Mul: { number: (a, b) => a * b, bigint: (a, b) => a * b },
  Div: { number: (a, b) => a / b, bigint: divide },
  Max: { number: Math.max, bigint: (a, b) => a > b ? a : b },
  Min: { number: Math.min, bigint: (a, b) => a < b ? a : b },
};

const COMPARISONS: Readonly<Record<string, (a: number | bigint, b: number | bigint) => boolean>> = {
  Equal: (a, b) => a === b,
  Greater: (a, b) => a > b,
  GreaterOrEqual: (a, b) => a >= b,
  Less: (a, b) => a < b,
  LessOrEqual: (a, b) => a <= b,
  And: (a, b) => Boolean(a) && Boolean(b),
  Or: (a, b) => Boolean(a) || Boolean(b),
};

/** Integer division as ONNX has it: towards zero. */
function divide(a: bigint, b: bigint): bigint {
  if (b === 0n) throw new CannotEvaluate("integer division by zero");
  return a / b;
}

/** Whether elements are bigints. */
export function isBig(type: NumericType): type is "int64" | "uint64" {
  return type === "int64" || type === "uint64";
}

/** Whether elements are floats with an array of their own. */
export function isFloatType(type: NumericType): type is "float16" | "float32" | "float64" {
  return type === "float32" || type === "float64" || type === "float16";
}

/** Puts a number where a smaller integer lives, if it fits there as C would compute it. */
export function storable(value: number, type: NumericType): number {
  if (isFloatType(type)) return value;
  const whole = Math.trunc(value); // integer division goes towards zero
  if (!Number.isSafeInteger(whole)) throw new CannotEvaluate(`${value} in ${type} arithmetic`);
  return whole;
}

/** @throws {CannotEvaluate} For types without arithmetic here. */
export function computable(tensor: Tensor<NumericType>): void {
  if (tensor.type === "bfloat16" || tensor.type === "bool") {
    throw new CannotEvaluate(`arithmetic on ${tensor.type}`);
  }
}

/** A function of each element: Abs, Sqrt, Exp and their like. */
export function unary(opType: string, inputs: Inputs, workspace: Workspace): Tensor {
  const operation = lookUp(UNARY, opType)!;
  const x = required(inputs, 0);
  computable(x);
  const y = workspace.allocate(x.type, x.dims);
  if (isBig(x.type)) {
    const { bigint } = operation;
    if (!bigint) throw new CannotEvaluate(`${opType} on ${x.type}`);
    const from = x.data as BigInt64Array;
    (y.data as BigInt64Array).forEach((_, i, to) => to[i] = bigint(from[i]!));
  } else {
    const from = x.data as Float64Array;
    const to = y.data as Float64Array;
    for (let i = 0; i < to.length; i++) to[i] = storable(operation.number(from[i]!), x.type);
  }
  return y;
}

/** Add, Sub, Mul and Div of two tensors; Max and Min of one or more. */
export function arithmetic(opType: string, inputs: Inputs, workspace: Workspace): Tensor {
  let result = required(inputs, 0);
  for (let i = 1; i < inputs.length; i++) {
    result = binary(lookUp(BINARY, opType)!, result, required(inputs, i), workspace);
  }
  return result;
}

function binary(
  operation: Binary,
  a: Tensor<NumericType>,
  b: Tensor<NumericType>,
  workspace: Workspace,
): Tensor<NumericType> {
  computable(a);
  if (a.type !== b.type) throw new CannotEvaluate(`${a.type} with ${b.type}`);
  const dims = broadcastDims(a.dims, b.dims);
  const y = workspace.allocate(a.type, dims);
  if (isBig(a.type)) {
    const { bigint } = operation;
    if (!bigint) throw new CannotEvaluate(`a float operation on ${a.type}`);
    const [first, second, to] = [a.data, b.data, y.data] as BigInt64Array[];
    pairs(a, b, dims, (i, p, q) => to![i] = bigint(first![p]!, second![q]!));
  } else {
    const [first, second, to] = [a.data, b.data, y.data] as Float64Array[];
    pairs(a, b, dims, (i, p, q) => {
      to![i] = storable(operation.number(first![p]!, second![q]!), a.type);
    });
  }
  return y;
}

/** Visits each element of the broadcast shape with the offsets of its two operands. */
function pairs(
  a: Tensor,
  b: Tensor,
  dims: readonly number[],
  visit: (position: number, a: number, b: number) => void,
): void {
  forEachPair(dims, broadcastStrides(a.dims, dims), broadcastStrides(b.dims, dims), visit);
}

/** Pow, whose exponent may be of another type than the base; the result is of the base's type. */
export function power(inputs: Inputs, workspace: Workspace): Tensor {
  const base = required(inputs, 0);
  const exponent = required(inputs, 1);
  computable(base);
  computable(exponent);
  const dims = broadcastDims(base.dims, exponent.dims);
  const y = workspace.allocate(base.type, dims);
  pairs(base, exponent, dims, (i, p, q) => {
    const value = storable(Number(base.data[p]) ** Number(exponent.data[q]), base.type);
    if (isBig(base.type)) (y.data as BigInt64Array)[i] = BigInt(storable(value, "int32"));
    else (y.data as Float64Array)[i] = value;
  });
  return y;
}

/** Clip between bounds, inputs since opset 11 and attributes before; either may be left out. */
export function clipBetween(node: NodeProto, inputs: Inputs, workspace: Workspace): Tensor {
  const x = required(inputs, 0);
  computable(x);
  if (isBig(x.type)) throw new CannotEvaluate(`Clip of ${x.type}`);
  const bound = (input: number, name: string, otherwise: number) =>
    inputs[input] ? Number(inputs[input].data[0]) : floatAttribute(node, name, otherwise);
  const [low, high] = [bound(1, "min", -Infinity), bound(2, "max", Infinity)];
  const y = workspace.allocate(x.type, x.dims);
  const [from, to] = [x.data, y.data] as Float64Array[];
  // As the kernel: where the bounds cross, the upper one wins.
  for (let i = 0; i < to!.length; i++) to![i] = Math.min(Math.max(from![i]!, low), high);
  return y;
}

/** Equal, Less, Greater, their "or equal" forms, And and Or. */
export function comparison(opType: string, inputs: Inputs, workspace: Workspace): Tensor {
  const a = required(inputs, 0);
  const b = required(inputs, 1);
  if (a.type !== b.type || a.type === "bfloat16") {
    throw new CannotEvaluate(`${a.type} with ${b.type}`);
  }
  const test = lookUp(COMPARISONS, opType)!;
  const dims = broadcastDims(a.dims, b.dims);
  const y = workspace.allocate("bool", dims);
  pairs(a, b, dims, (i, p, q) => y.data[i] = test(a.data[p]!, b.data[q]!) ? 1 : 0);
  return y;
}

/** Not. */
export function not(inputs: Inputs, workspace: Workspace): Tensor {
  const x = required(inputs, 0);
  const y = workspace.allocate("bool", x.dims);
  for (let i = 0; i < y.data.length; i++) y.data[i] = x.data[i] ? 0 : 1;
  return y;
}

/** Where: elements of the second input where the first is true, of the third elsewhere. */
export function where(inputs: Inputs, workspace: Workspace): Tensor {
  const condition = required(inputs, 0);
  const [yes, no] = [required(inputs, 1), required(inputs, 2)];
  if (yes.type !== no.type) throw new CannotEvaluate(`${yes.type} with ${no.type}`);
  const dims = broadcastDims(condition.dims, yes.dims, no.dims);
  const y = workspace.allocate(yes.type, dims);
  const chosen = new Uint8Array(y.data.length);
  forEachOffset(dims, broadcastStrides(condition.dims, dims), (i, offset) => {
    chosen[i] = condition.data[offset] ? 1 : 0;
  });
  const [first, second, to] = [yes.data, no.data, y.data] as Float64Array[];
  pairs(yes, no, dims, (i, p, q) => to![i] = chosen[i] ? first![p]! : second![q]!);
  return y;
}

/**
 * Cast between numbers and booleans. Towards integers it cuts the fraction off; what does not fit is
 * left to the runtime, as ONNX leaves it undefined.
 */
export function cast(x: Tensor<NumericType>, type: NumericType, workspace: Workspace): Tensor {
  if (x.type === type) return x;
  if (x.type === "bfloat16" || type === "bfloat16") throw new CannotEvaluate("Cast of bfloat16");
  const y = workspace.allocate(type, x.dims);
  for (let i = 0; i < x.data.length; i++) {
    const value = x.data[i]!;
    if (type === "bool") (y.data as Uint8Array)[i] = value ? 1 : 0;
    else if (isBig(type)) {
      const whole = typeof value === "bigint" ? value : BigInt(storable(value, "int32"));
      (y.data as BigInt64Array)[i] = whole;
      if (y.data[i] !== whole) throw new CannotEvaluate(`Cast of ${value} to ${type}`);
    } else {
      const number = isFloatType(type) ? exactly(value) : storable(Number(value), type);
      (y.data as Float64Array)[i] = number;
      if (!isFloatType(type) && y.data[i] !== number + 0) {
        throw new CannotEvaluate(`Cast of ${value} to ${type}`);
      }
    }
  }
  return y;
}

/** A number for a float: integers beyond 2^53 would be rounded twice on their way to float32. */
function exactly(value: number | bigint): number {
  const number = Number(value);
  if (typeof value === "bigint" && !Number.isSafeInteger(number)) {
    throw new CannotEvaluate(`Cast of ${value} to a float`);
  }
  return number;
}
