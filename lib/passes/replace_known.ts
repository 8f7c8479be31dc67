import { isStandard } from "../onnx/node.ts";
import type { GraphProto, NodeProto, TensorProto } from "../onnx/onnx_pb.ts";
import type { ShapeMap } from "../onnx/shape_map.ts";
import { inferShapes } from "./infer_shapes.ts";
import type { PassContext } from "./pass.ts";
import { visibleConstants } from "./pass.ts";
import { type NodeWriter, replaceNodes, type RewriteOptions } from "./replacement.ts";

/** What is known where a node is rewritten. */
export interface KnownHere {
  /** Shapes of values, and what they depend on. */
  readonly known: ReturnType<typeof inferShapes>;
  /** Constants by name. */
  readonly constants: ReadonlyMap<string, TensorProto>;
}

/**
 * Goes through the nodes of some of the standard's operators that are selected, and lets `rewrite` write
 * others in their place from what is known of their shapes and constants: {@linkcode replaceNodes}.
 *
 * @returns The graph itself if nothing was rewritten.
 */
export function replaceKnown(
  graph: GraphProto,
  opTypes: readonly string[],
  shapes: ShapeMap,
  options: RewriteOptions,
  context: PassContext,
  rewrite: (node: NodeProto, write: NodeWriter, here: KnownHere) => string | undefined,
): GraphProto {
  const { select = () => true } = options;
  const chosen = new Set(
    graph.node.filter((node) => opTypes.includes(node.opType) && isStandard(node) && select(node)),
  );
  if (chosen.size === 0) return graph;
  const constants = visibleConstants(graph, context);
  const here = { known: inferShapes(graph, shapes, constants), constants };
  return replaceNodes(
    graph,
    context,
    (node, write) => chosen.has(node) ? rewrite(node, write, here) : undefined,
  );
}
