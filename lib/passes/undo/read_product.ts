import type { NodeProto, TensorProto } from "../../onnx/onnx_pb.ts";
import { productWeights } from "./product_weights.ts";
import { knownOf, type StoredIntegers } from "./stored_integers.ts";

/** Where values of a graph come from and go to. */
export interface ProductScope {
  readonly constants: ReadonlyMap<string, TensorProto>;
  readonly makers: ReadonlyMap<string, NodeProto>;
  readonly readers: ReadonlyMap<string, readonly NodeProto[]>;
  readonly kept: ReadonlySet<string>;
}

/** One of the two that a product of integers multiplies. */
export type Operand =
  /** Floats whose range is found in every run. */
  | { readonly kind: "dynamic"; readonly float: string; readonly node: NodeProto }
  /** Integers with a scale that the file has. */
  | {
    readonly kind: "ranged";
    readonly integers: string;
    readonly scale: string;
    readonly zero: string;
  }
  | { readonly kind: "weights"; readonly key: string; readonly stored: StoredIntegers };

/** A product of integers with all that makes floats of its sums. */
export interface IntegerProduct {
  readonly operands: readonly [Operand, Operand];
  /** The Mul that makes floats. */
  readonly last: NodeProto;
  /** Nodes of the file, in their order. */
  readonly nodes: readonly NodeProto[];
}

/** A ConvInteger or MatMulInteger with all that stands around it; or why it is none that is known. */
export function readProduct(product: NodeProto, scope: ProductScope): IntegerProduct | string {
  const { makers, readers, kept } = scope;
  const only = (name: string) => kept.has(name) ? undefined : readers.get(name);
  const [cast, ...others] = only(product.output[0]!) ?? [];
  if (cast?.opType !== "Cast" || others.length > 0) return "its sums are read as integers";
  const [last, ...more] = only(cast.output[0]!) ?? [];
  if (last?.opType !== "Mul" || more.length > 0) return "its sums are not scaled";
  const scaling = makers.get(last.input.find((name) => name !== cast.output[0]) ?? "");
  if (scaling?.opType !== "Mul") return "its scale is not the activation's times a constant";
  const operands = readOperands(product, scaling.input, scope);
  if (typeof operands === "string") return operands;
  const dynamic = operands.flatMap((one) => one.kind === "dynamic" ? one.node : []);
  return { operands, last, nodes: [...new Set(dynamic), product, cast, scaling, last] };
}

/** Both operands, each with the one of two scales that is its own. */
function readOperands(
  product: NodeProto,
  scales: readonly string[],
  scope: ProductScope,
): [Operand, Operand] | string {
  const [a = "", b = "", aZero = "", bZero = ""] = product.input;
  const given = [[a, aZero], [b, bZero]] as const;
  const makers = given.map(([integers]) => scope.makers.get(integers));
  const isDynamic = makers.map((maker, i) =>
    maker?.opType === "DynamicQuantizeLinear" && maker.output[2] === given[i]![1]
  );
  const left = [...scales];
  makers.forEach((maker, i) => {
    const at = isDynamic[i] ? left.indexOf(maker!.output[1]!) : -1;
    if (at >= 0) left.splice(at, 1);
  });
  if (left.length + isDynamic.filter(Boolean).length !== 2) {
    return "its scale is not the activation's times a constant";
  }
  const read = given.map(([integers, zero], i): Operand | string => {
    if (isDynamic[i]) return { kind: "dynamic", float: makers[i]!.input[0]!, node: makers[i]! };
    const operand = { integers, zero, scale: left.shift()! };
    return scope.constants.has(integers)
      ? weightsOf(product, operand, i === 0, scope)
      : ranged(operand, scope);
  });
  const why = read.find((one) => typeof one === "string");
  return why ?? read as [Operand, Operand];
}

interface Parts {
  readonly integers: string;
  readonly zero: string;
  readonly scale: string;
}

function ranged({ integers, zero, scale }: Parts, { constants }: ProductScope): Operand | string {
  const isKnown = constants.has(scale) && (zero === "" || constants.has(zero));
  return isKnown
    ? { kind: "ranged", integers, scale, zero }
    : "its activation comes from no DynamicQuantizeLinear, and has no constant scale";
}

function weightsOf(
  { opType }: NodeProto,
  { integers, zero, scale }: Parts,
  isFirst: boolean,
  { constants }: ProductScope,
): Operand | string {
  const [stored, zeros, scales] = [integers, zero, scale].map((name) => constants.get(name));
  if ((zero && !zeros) || !scales) return "its weights have no constant scales and zero points";
  const layout = besideChannels(opType, stored!.dims.length, isFirst);
  const weights = productWeights({ integers: stored, scale: scales, zero: zeros }, layout);
  if (!weights || !knownOf(weights)) return "its scales are laid out in a way that is not known";
  return { kind: "weights", key: [opType, integers, zero, scale].join(" "), stored: weights };
}

/** Shapes over the weights of what belongs to the channels of a result. */
function besideChannels(opType: string, rank: number, isFirst: boolean) {
  if (opType === "MatMulInteger") {
    // A zero point for each row of the first matrix is [rows].
    return (dims: readonly number[]) => isFirst && dims.length === 1 ? [...dims, 1] : dims;
  }
  // [channels] of a zero point; [1, channels, 1, 1] or [channels, 1, 1] of a scale.
  return (dims: readonly number[]) => {
    const whole = dims.length === 1 && dims[0]! > 1 ? [...dims, ...Array(rank - 2).fill(1)] : dims;
    const channels = whole.at(1 - rank) ?? 1;
    const isAlone = whole.every((length, i) => length === 1 || i === whole.length - (rank - 1));
    return isAlone ? [channels, ...Array(rank - 1).fill(1)] : [NaN];
  };
}
