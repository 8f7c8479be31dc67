import { toBinary } from "@bufbuild/protobuf";
import { subgraphs } from "../onnx/graph.ts";
import { isStandard } from "../onnx/node.ts";
import { AttributeProtoSchema, type GraphProto, type NodeProto } from "../onnx/onnx_pb.ts";
import { type PassContext, rootContext } from "./pass.ts";
import { redirectReaders } from "./redirect.ts";

/** Operators that give other results each time. */
const RANDOM = /^(Bernoulli|Dropout|Multinomial|Random)/;

/**
 * Keeps one of several nodes that compute the same from the same inputs: what two layers do to the
 * value that both read. Nodes with bodies, and those that draw random numbers, stay.
 */
export function mergeNodes(
  graph: GraphProto,
  context: PassContext = rootContext(graph),
): GraphProto {
  const outputs = new Set(graph.output.map(({ name }) => name));
  const first = new Map<string, NodeProto>();
  const sources = new Map<string, string>();
  const node = graph.node.filter((candidate) => {
    const { input, output } = candidate;
    if (!isStandard(candidate) || RANDOM.test(candidate.opType)) return true;
    if (subgraphs(candidate).length > 0) return true;
    const key = keyOf(candidate, input.map((name) => sources.get(name) ?? name));
    const known = first.get(key);
    if (!known) first.set(key, candidate);
    // Outputs of the graph keep their names, and so their nodes.
    if (!known || output.some((name) => outputs.has(name))) return true;
    if (output.some((name, i) => name && !known.output[i])) return true;
    output.forEach((name, i) => name && sources.set(name, known.output[i]!));
    context.origins.inherit(known, known, candidate);
    return false;
  });
  if (sources.size === 0) return graph;
  return redirectReaders({ ...graph, node }, sources, context.origins);
}

function keyOf({ opType, attribute }: NodeProto, inputs: readonly string[]): string {
  const attributes = attribute.map((one) => toBinary(AttributeProtoSchema, one).toHex()).sort();
  return JSON.stringify([opType, inputs, attributes]);
}
