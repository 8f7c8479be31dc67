import { isStandard } from "../onnx/node.ts";
import type { NodeProto } from "../onnx/onnx_pb.ts";
import type { GraphFacts } from "./graph_facts.ts";
import { STATIC_OPERATORS } from "./operators.ts";

/** Which input a node chooses by, and which output tells what it chose. */
const CHOOSES: ReadonlyMap<string, { readonly by: number; readonly gives: number }> = new Map([
  ["ArgMax", { by: 0, gives: 0 }],
  ["ArgMin", { by: 0, gives: 0 }],
  ["MaxPool", { by: 0, gives: 1 }],
  ["NonMaxSuppression", { by: 1, gives: 0 }],
  ["TopK", { by: 0, gives: 1 }],
]);

/** Which input of an operator says where to read or to write. */
const INDEX: ReadonlyMap<string, number> = new Map([
  ["Gather", 1],
  ["GatherElements", 1],
  ["GatherND", 1],
  ["MaxUnpool", 1],
  ["OneHot", 0],
  ["ScatterElements", 1],
  ["ScatterND", 1],
]);

/** Operators that compute indices from indices, besides those that move them. */
const COMPUTE = /^(Add|Cast|Concat|Div|Identity|Max|Min|Mod|Mul|Sub|Where)$/;

/** Operators that leave the order of values as it is, or nearly so, besides those that move them. */
const KEEP_ORDER =
  /^(Cast|Clip|Exp|HardSigmoid|HardSwish|Identity|LeakyRelu|ReduceMax|Relu|Sigmoid|Softmax|Tanh)$/;

/**
 * The layers that give what a node chooses indices by, where these say what is read or written further on.
 * None for other nodes, nor where a choice is no more than a result of the network.
 */
export function chosenBy(node: NodeProto, facts: GraphFacts): NodeProto[] {
  const choice = CHOOSES.get(node.opType);
  const indices = choice && node.output[choice.gives];
  if (!choice || !indices || !isIndex(indices, facts)) return [];
  const layers: NodeProto[] = [];
  const seen = new Set([node.input[choice.by]!]);
  for (const name of seen) { // grows meanwhile
    const maker = facts.maker(name);
    if (!maker || !isStandard(maker)) continue;
    const { opType, input } = maker;
    const role = STATIC_OPERATORS.get(opType)?.role;
    if (role === "compute") layers.push(maker);
    else if (opType === "Concat") { for (const one of input) seen.add(one); }
    else if (role === "carry" || KEEP_ORDER.test(opType)) seen.add(input[0]!);
  }
  return layers;
}

/** The layers next before a layer, on each way to it. */
export function layersBefore(layer: NodeProto, facts: GraphFacts): NodeProto[] {
  const layers = new Set<NodeProto>();
  const seen = new Set(layer.input);
  for (const name of seen) { // grows meanwhile
    const maker = facts.maker(name);
    if (!maker || facts.isConstant(name)) continue;
    if (isStandard(maker) && STATIC_OPERATORS.get(maker.opType)?.role === "compute") {
      layers.add(maker);
    } else for (const one of maker.input) seen.add(one);
  }
  return [...layers];
}

/** Whether a value says somewhere what is read or written. */
function isIndex(indices: string, facts: GraphFacts): boolean {
  const seen = new Set([indices]);
  for (const name of seen) { // grows meanwhile
    for (const reader of facts.consumers(name)) {
      if (!isStandard(reader)) continue;
      const { opType, input, output } = reader;
      if (input[INDEX.get(opType) ?? -1] === name) return true;
      const moves = STATIC_OPERATORS.get(opType)?.role === "carry" || COMPUTE.test(opType);
      if (moves) { for (const one of output) seen.add(one); }
    }
  }
  return false;
}
