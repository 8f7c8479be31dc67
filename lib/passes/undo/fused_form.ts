import type { NodeProto, TensorProto } from "../../onnx/onnx_pb.ts";
import { productWeights } from "./product_weights.ts";
import { knownOf, type StoredIntegers } from "./stored_integers.ts";

/** What stands in the place of an operator of onnxruntime's with dynamic ranges. */
export interface FloatForm {
  readonly opType: string;
  /** Names of inputs, and weights where the file has integers. */
  readonly input: readonly (string | StoredIntegers)[];
  readonly bias?: string | undefined;
  /** Nodes that make the result of what the operator computes. */
  readonly follow?: (product: string, fresh: (base: string) => string) => NodeProto[];
  /** Nodes that it stands for. */
  readonly nodes: readonly NodeProto[];
}

/** Where the inputs of such an operator come from. */
export interface FusedScope {
  readonly constants: ReadonlyMap<string, TensorProto>;
  readonly makers: ReadonlyMap<string, NodeProto>;
}

/** How an operator is written; why it cannot be; undefined where it has no dynamic range. */
export type ReadFused = (node: NodeProto, scope: FusedScope) => FloatForm | string | undefined;

/** Why an operator stays that reads its weights in another way. */
export const NOT_CONSTANT =
  "its weights, scales or zero points are no constants that fit each other";

/** The DynamicQuantizeLinear that makes integers with their scale and zero point. */
export function dynamicOf(
  names: readonly [string, string, string],
  makers: ReadonlyMap<string, NodeProto>,
): NodeProto | undefined {
  const maker = makers.get(names[0]);
  const isDynamic = maker?.opType === "DynamicQuantizeLinear" && `${maker.output}` === `${names}`;
  return isDynamic ? maker : undefined;
}

/** Weights by the names of their integers, scale and zero point, the last "" where there is none. */
export function weightsOf(
  [integers = "", scale = "", zero = ""]: readonly string[],
  constants: ReadonlyMap<string, TensorProto>,
  layout?: (dims: readonly number[]) => readonly number[],
): StoredIntegers | undefined {
  if (zero && !constants.has(zero)) return undefined;
  const parts = {
    integers: constants.get(integers),
    scale: constants.get(scale),
    zero: constants.get(zero),
  };
  const stored = productWeights(parts, layout);
  return stored && knownOf(stored) ? stored : undefined;
}
