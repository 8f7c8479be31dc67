import { makeNode } from "../onnx/node.ts";
import type { GraphProto, NodeProto, TensorProto } from "../onnx/onnx_pb.ts";
import { bitsOf, dimsOf, rawBytes } from "../onnx/tensor_proto.ts";
import { WORTH_MERGING } from "./merge_constants.ts";

/**
 * Keeps one of two constant matrices of which one is the other transposed, as an output layer and its
 * embedding are: the other becomes a Transpose, which the runtime computes when it makes a session.
 */
export function mergeTransposed(graph: GraphProto): GraphProto {
  const outputs = new Set(graph.output.map(({ name }) => name));
  const known = new Map<string, TensorProto[]>();
  const transposes: NodeProto[] = [];
  const initializer = graph.initializer.filter((tensor) => {
    const dims = dimsOf(tensor);
    const size = (bitsOf(tensor.dataType) ?? 0) / 8;
    if (size < 1 || dims.length !== 2 || outputs.has(tensor.name)) return true;
    if (rawBytes(tensor).length < WORTH_MERGING) return true;
    const [rows, columns] = dims as [number, number];
    const other = known.get(`${tensor.dataType} ${columns} ${rows}`)
      ?.find((other) => areTransposed(rawBytes(other), rawBytes(tensor), { rows, columns, size }));
    if (other) {
      transposes.push(makeNode("Transpose", [other.name], [tensor.name], { perm: [1, 0] }));
      return false;
    }
    const key = `${tensor.dataType} ${rows} ${columns}`;
    known.set(key, [...known.get(key) ?? [], tensor]);
    return true;
  });
  return transposes.length === 0
    ? graph
    : { ...graph, initializer, node: [...transposes, ...graph.node] };
}

/** Whether `bytes`, of `rows` rows, are those of `other`, of `columns` rows, transposed. */
function areTransposed(
  other: Uint8Array,
  bytes: Uint8Array,
  { rows, columns, size }: { rows: number; columns: number; size: number },
): boolean {
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      const at = (r * columns + c) * size;
      const there = (c * rows + r) * size;
      for (let b = 0; b < size; b++) if (bytes[at + b] !== other[there + b]) return false;
    }
  }
  return true;
}
