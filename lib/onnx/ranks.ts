import { isStandard } from "./node.ts";
import type { GraphProto, TensorProto, ValueInfoProto } from "./onnx_pb.ts";
import { type Known, outputsOf } from "./rank_rules.ts";
import { dimsOf } from "./tensor_proto.ts";

/**
 * Numbers of dimensions, by name of the value, as far as they follow from the types that the file
 * states, from constants, and from the operators: enough to tell a batch of rows from a sequence.
 *
 * @param constants Constants that the graph can read.
 * @param outer Ranks known in the graphs around this one.
 */
export function ranks(
  graph: GraphProto,
  constants: ReadonlyMap<string, TensorProto>,
  outer: ReadonlyMap<string, number> = new Map(),
): Map<string, number> {
  const known = new Map<string, Known>();
  for (const [name, rank] of outer) known.set(name, { rank });
  for (const { name } of graph.input) known.delete(name);
  for (const info of [...graph.valueInfo, ...graph.output, ...graph.input]) {
    const stated = statedType(info);
    if (stated) known.set(info.name, stated);
  }
  for (const [name, tensor] of constants) known.set(name, ofDims(dimsOf(tensor)));
  for (const node of graph.node) {
    // Attributes that a function takes from its call have no value here.
    if (!isStandard(node) || node.attribute.some(({ refAttrName }) => refAttrName)) continue;
    const call = {
      node,
      input: (index: number) => known.get(node.input[index] ?? ""),
      constant: (index: number) => constants.get(node.input[index] ?? ""),
    };
    outputsOf(call).forEach((result, i) => {
      const name = node.output[i];
      if (name && result && (!known.has(name) || result.length !== undefined)) {
        known.set(name, result);
      }
    });
  }
  return new Map(Array.from(known, ([name, { rank }]) => [name, rank]));
}

function ofDims(dims: readonly number[]): Known {
  return dims.length === 1 ? { rank: 1, length: dims[0]! } : { rank: dims.length };
}

function statedType(info: ValueInfoProto): Known | undefined {
  const kind = info.type?.value;
  if (kind?.case !== "tensorType" || !kind.value.shape) return undefined;
  const { dim } = kind.value.shape;
  const only = dim.length === 1 ? dim[0]!.value : undefined;
  return only?.case === "dimValue" ? { rank: 1, length: Number(only.value) } : { rank: dim.length };
}
