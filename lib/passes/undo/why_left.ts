import { constants, consumers, subgraphs } from "../../onnx/graph.ts";
import { domainOf, isStandard } from "../../onnx/node.ts";
import { CONTRIB_DOMAIN } from "../../onnx/contrib.ts";
import type { GraphProto, NodeProto } from "../../onnx/onnx_pb.ts";
import { storedIntegers } from "./stored_integers.ts";

/** Operators on integers, of the standard and of onnxruntime. */
const ON_INTEGERS = /^(Q[A-Z]|Nhwc|DynamicQuantize[A-Z])|Integer|NBits|BlockQuantized|Bnb4/;

/** Operators that make integers: they are named where something else than an operator on integers reads them. */
const MAKE_INTEGERS = /^(Dynamic)?QuantizeLinear$/;

/** Why nodes on integers stay of which nothing else has been said, in a graph and its bodies. */
export function whyLeft(graph: GraphProto, isNamed: (node: NodeProto) => boolean) {
  const reasons = new Map<NodeProto, string>();
  explain(graph, isNamed, reasons);
  return (node: NodeProto): string | undefined => reasons.get(node);
}

function explain(
  graph: GraphProto,
  isNamed: (node: NodeProto) => boolean,
  reasons: Map<NodeProto, string>,
): void {
  const readers = consumers(graph);
  const stored = constants(graph);
  const outputs = new Set(graph.output.map(({ name }) => name));
  const isForeign = (node: NodeProto) =>
    !isStandard(node) && domainOf(node) !== CONTRIB_DOMAIN &&
    node.input.some((name) => stored.has(name) && storedIntegers(stored.get(name)!) !== undefined);
  for (const node of graph.node) {
    for (const body of subgraphs(node)) explain(body, isNamed, reasons);
    if (MAKE_INTEGERS.test(node.opType)) {
      const reader = (readers.get(node.output[0]!) ?? []).find((one) =>
        !isNamed(one) && !ON_INTEGERS.test(one.opType) && !isForeign(one)
      );
      if (reader) reasons.set(node, `${reader.opType} reads its integers`);
      if (node.output.some((name) => outputs.has(name))) {
        reasons.set(node, "it makes an output of the graph");
      }
    } else if (ON_INTEGERS.test(node.opType)) {
      reasons.set(node, "there is no float32 form of this operator here");
    } else if (isForeign(node)) {
      reasons.set(node, `operators of the domain ${domainOf(node)} are not known here`);
    }
  }
}
