import type { GraphProto, TensorProto } from "../onnx/onnx_pb.ts";
import { byteLengthOf, elementType, rawBytes } from "../onnx/tensor_proto.ts";
import { type PassContext, rootContext } from "./pass.ts";
import { redirectReaders } from "./redirect.ts";

/**
 * Bytes from which equal float constants are worth being one. Below, two layers keep a bias each,
 * equal as it may be by chance, so that its name still says whose it is.
 */
const WORTH_MERGING = 1024;

/** Keeps one of each set of equal initializers: of the many shapes and axes, and of tied weights. */
export function mergeConstants(
  graph: GraphProto,
  context: PassContext = rootContext(graph),
): GraphProto {
  const outputs = new Set(graph.output.map(({ name }) => name));
  const alike = new Map<string, TensorProto[]>();
  const sources = new Map<string, string>();
  const initializer = graph.initializer.filter((tensor) => {
    if (outputs.has(tensor.name) || !isMergeable(tensor)) return true;
    const bytes = rawBytes(tensor);
    const key = `${tensor.dataType} [${tensor.dims}] ${checksum(bytes)}`;
    const candidates = alike.get(key) ?? [];
    const same = candidates.find((other) => equal(bytes, rawBytes(other)));
    if (same) {
      sources.set(tensor.name, same.name);
      return false;
    }
    alike.set(key, [...candidates, tensor]);
    return true;
  });
  return sources.size === 0
    ? graph
    : redirectReaders({ ...graph, initializer }, sources, context.origins);
}

function isMergeable(tensor: TensorProto): boolean {
  const type = elementType(tensor.dataType);
  if (type === undefined || type === "string") return false;
  return !type.includes("float") || byteLengthOf(tensor) >= WORTH_MERGING;
}

/** FNV-1a over at most some 4,096 bytes, spread over the whole. */
function checksum(bytes: Uint8Array): number {
  const step = Math.ceil(bytes.length / 4096);
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i += step) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
