import { mapSubgraphs, subgraphs } from "../onnx/graph.ts";
import type { GraphProto, TensorProto } from "../onnx/onnx_pb.ts";
import { byteLengthOf, elementType } from "../onnx/tensor_proto.ts";
import { WORTH_MERGING } from "./merge_constants.ts";
import { type PassContext, rootContext } from "./pass.ts";
import { redirectReaders } from "./redirect.ts";
import { TensorSet } from "./tensor_set.ts";

/**
 * Keeps one of equal weights that several bodies hold, or a body and the main graph, in the main
 * graph: what two branches of an If slice from the same weights is the same once it is computed.
 * A pass for the main graph, which goes through the bodies itself.
 */
export function hoistConstants(
  graph: GraphProto,
  context: PassContext = rootContext(graph),
): GraphProto {
  const once = new TensorSet();
  const twice = new TensorSet();
  const collect = (scope: GraphProto) => {
    for (const tensor of hoistable(scope)) {
      if (!once.find(tensor)) once.add(tensor);
      else if (!twice.find(tensor)) twice.add(tensor);
    }
    for (const node of scope.node) subgraphs(node).forEach(collect);
  };
  collect(graph);

  const shared = new TensorSet();
  for (const tensor of hoistable(graph)) if (twice.find(tensor)) shared.add(tensor);
  const added: TensorProto[] = [];
  const rewrite = (body: GraphProto): GraphProto => {
    const sources = new Map<string, string>();
    for (const tensor of hoistable(body)) {
      if (!twice.find(tensor)) continue;
      let main = shared.find(tensor);
      if (!main) {
        main = { ...tensor, name: context.fresh(tensor.name) };
        shared.add(main);
        added.push(main);
      }
      sources.set(tensor.name, main.name);
    }
    if (sources.size === 0) return insideOf(body);
    const initializer = body.initializer.filter(({ name }) => !sources.has(name));
    return insideOf(redirectReaders({ ...body, initializer }, sources, context.origins));
  };
  const insideOf = (scope: GraphProto): GraphProto => {
    const node = scope.node.map((outer) => {
      const mapped = mapSubgraphs(outer, rewrite);
      if (mapped !== outer) context.origins.inherit(mapped, outer);
      return mapped;
    });
    return node.every((mapped, i) => mapped === scope.node[i]) ? scope : { ...scope, node };
  };
  const inside = insideOf(graph);
  return added.length === 0 ? inside : {
    ...inside,
    initializer: [...inside.initializer, ...added],
  };
}

/** Initializers that are worth being one and may move: outputs of a body must be made in it. */
function hoistable(scope: GraphProto): TensorProto[] {
  const outputs = new Set(scope.output.map(({ name }) => name));
  return scope.initializer.filter((tensor) =>
    !outputs.has(tensor.name) && byteLengthOf(tensor) >= WORTH_MERGING &&
    ![undefined, "string"].includes(elementType(tensor.dataType))
  );
}
