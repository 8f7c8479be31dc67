import type { GraphProto, NodeProto, TensorProto } from "../onnx/onnx_pb.ts";
import { foldConstants } from "./fold_constants.ts";
import { type PassContext, visibleConstants } from "./pass.ts";
import { readRecurrent, type RecurrentLayer } from "./recurrent.ts";
import { type Cell, writeScan } from "./recurrent_scan.ts";
import { removeDead } from "./remove_dead.ts";
import { sinkConstants } from "./sink_constants.ts";

/** Options for {@linkcode lowerGru} and {@linkcode lowerRnn}. */
export interface LowerOptions {
  /** Which layers to rewrite. @default {all} */
  select?: (node: NodeProto) => boolean;
}

/** Why a GRU or RNN node cannot be lowered; undefined if it can. */
export function whyNotLowered(
  node: NodeProto,
  constants: ReadonlyMap<string, TensorProto>,
): string | undefined {
  const read = readRecurrent(node, constants);
  return typeof read === "string" ? read : undefined;
}

/** Rewrites the layers of one type by their cell, and computes their weights anew. */
export function lowerRecurrent(
  graph: GraphProto,
  context: PassContext,
  options: LowerOptions & { opType: string; cellOf: (layer: RecurrentLayer) => Cell },
): GraphProto {
  const { select = () => true, opType, cellOf } = options;
  const constants = visibleConstants(graph, context);
  const initializer = [...graph.initializer];
  const node = graph.node.flatMap((layerNode) => {
    if (layerNode.opType !== opType || !select(layerNode)) return [layerNode];
    const layer = readRecurrent(layerNode, constants);
    if (typeof layer === "string") return [layerNode];
    const written = writeScan(layer, cellOf(layer), context.fresh);
    initializer.push(...written.initializers);
    for (const one of written.nodes) context.origins.inherit(one, layerNode);
    return written.nodes;
  });
  if (node.length === graph.node.length) return graph;
  const folded = foldConstants({ ...graph, node, initializer }, context);
  return removeDead(sinkConstants(folded, context));
}
