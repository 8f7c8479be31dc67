import { isStandard, withAttributes } from "../onnx/node.ts";
import type { GraphProto } from "../onnx/onnx_pb.ts";
import { type PassContext, rootContext, visibleConstants } from "./pass.ts";
import { replaceNodes, type RewriteOptions } from "./replacement.ts";
import type { ShapeMap, ValueShape } from "../onnx/shape_map.ts";

/** Options for {@linkcode fixReshapes}. */
export type FixReshapesOptions = RewriteOptions;

/**
 * Gives Reshapes whose shape an exporter computes from other values (Shape, Gather, Concat) that shape
 * as a constant, 0 for an axis that stays and -1 for one that changes with an open dimension. What
 * computed it goes, and other rewrites see through. Reshapes of more than one such axis stay; lengths
 * that other rewrites have fixed count as lengths.
 */
export function fixReshapes(
  graph: GraphProto,
  shapes: ShapeMap,
  options: FixReshapesOptions = {},
  context: PassContext = rootContext(graph),
): GraphProto {
  const { select = () => true } = options;
  const constants = visibleConstants(graph, context);
  return replaceNodes(graph, context, (node, write) => {
    const [x = "", shape = ""] = node.input;
    if (node.opType !== "Reshape" || !isStandard(node) || constants.has(shape)) return undefined;
    if (!shape || !select(node)) return undefined;
    const dims = constantDims(shapes.stillOpen(x), shapes.stillOpen(node.output[0]));
    if (!dims) return undefined;
    const y = write.name("Reshape");
    const plain = withAttributes(node, { allowzero: undefined });
    write.nodes.push({ ...plain, input: [x, write.int64(dims)], output: [y] });
    return y;
  });
}

/** The shape to ask for; undefined if a constant cannot say it. */
function constantDims(
  x: ValueShape | undefined,
  y: ValueShape | undefined,
): number[] | undefined {
  if (!x || !y || y.dims.includes(0)) return undefined;
  const dims = y.dims.map((length, axis) => {
    const depends = y.depends[axis]!;
    if (depends.length === 0) return length;
    const stays = x.dims[axis] === length && x.depends[axis]!.join() === depends.join();
    return stays ? 0 : -1;
  });
  return dims.filter((n) => n === -1).length <= 1 ? dims : undefined;
}
