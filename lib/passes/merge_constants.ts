import type { GraphProto, TensorProto } from "../onnx/onnx_pb.ts";
import { byteLengthOf, elementType } from "../onnx/tensor_proto.ts";
import { type PassContext, rootContext } from "./pass.ts";
import { redirectReaders } from "./redirect.ts";
import { TensorSet } from "./tensor_set.ts";

/**
 * Bytes from which equal float constants are worth being one. Below, two layers keep a bias each,
 * equal as it may be by chance, so that its name still says whose it is.
 */
export const WORTH_MERGING = 1024;

/** Options for {@linkcode mergeConstants}. */
export interface MergeConstantsOptions {
  /** Bytes from which constants that are no floats are merged too. @default {0} */
  leastBytes?: number;
}

/** Keeps one of each set of equal initializers: of the many shapes and axes, and of tied weights. */
export function mergeConstants(
  graph: GraphProto,
  context: PassContext = rootContext(graph),
  options: MergeConstantsOptions = {},
): GraphProto {
  const { leastBytes = 0 } = options;
  const outputs = new Set(graph.output.map(({ name }) => name));
  const known = new TensorSet();
  const sources = new Map<string, string>();
  const initializer = graph.initializer.filter((tensor) => {
    if (outputs.has(tensor.name) || !isMergeable(tensor, leastBytes)) return true;
    const same = known.find(tensor);
    // One that is given twice under the same name has no readers to lead elsewhere.
    if (same && same.name !== tensor.name) sources.set(tensor.name, same.name);
    else if (!same) known.add(tensor);
    return !same;
  });
  return initializer.length === graph.initializer.length
    ? graph
    : redirectReaders({ ...graph, initializer }, sources, context.origins);
}

function isMergeable(tensor: TensorProto, leastBytes: number): boolean {
  const type = elementType(tensor.dataType);
  if (type === undefined || type === "string") return false;
  return byteLengthOf(tensor) >= (type.includes("float") ? WORTH_MERGING : leastBytes);
}
