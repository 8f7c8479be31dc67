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
    if (dims.length !== 2 || outputs.has(tensor.name)) return true;
    if (rawBytes(tensor).length < WORTH_MERGING) return true;
    const [rows, columns] = dims as [number, number];
    const other = known.get(`${tensor.dataType} ${columns} ${rows}`)
      ?.find((other) => areTransposed(other, tensor));
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

/** Whether one of two constant matrices is the other transposed. Not told of types below a byte. */
export function areTransposed(one: TensorProto, other: TensorProto): boolean {
  const [rows = 0, columns = 0] = dimsOf(one);
  const size = (bitsOf(one.dataType) ?? 0) / 8;
  if (size < 1 || dimsOf(one).length !== 2 || one.dataType !== other.dataType) return false;
  if (String(dimsOf(other)) !== String([columns, rows])) return false;
  const [bytes, there] = [rawBytes(one), rawBytes(other)];
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      for (let b = 0; b < size; b++) {
        if (bytes[(r * columns + c) * size + b] !== there[(c * rows + r) * size + b]) return false;
      }
    }
  }
  return true;
}
