import { declaredShape, knownShapes } from "./known_shapes.ts";
import type { GraphProto, TensorProto } from "./onnx_pb.ts";
import type { Dims } from "./shape_rules.ts";

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
  const known = new Map<string, Dims>();
  for (const [name, rank] of outer) known.set(name, Array<number>(rank).fill(NaN));
  for (const { name } of graph.input) known.delete(name);
  for (const info of [...graph.valueInfo, ...graph.output, ...graph.input]) {
    const stated = declaredShape(info);
    if (stated) known.set(info.name, stated);
  }
  const shapes = knownShapes(graph, constants, known);
  return new Map(Array.from(shapes, ([name, { length }]) => [name, length]));
}
