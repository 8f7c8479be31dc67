import { consumers, producers } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import { modulePaths } from "../onnx/module_path.ts";
import type { NodeProto } from "../onnx/onnx_pb.ts";
import { nameNodes } from "../onnx/name_nodes.ts";
import { freezeRandom } from "../passes/freeze_random.ts";
import { learnShapes } from "../runtime/learn_shapes.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { ProfiledNode } from "../record/profile_record.ts";
import type { Feeds } from "../tensor/tensor.ts";
import { timeOneByOne } from "./one_by_one.ts";
import { inOrder } from "../onnx/group_order.ts";
import { macs } from "./macs.ts";
import { Extractor } from "../onnx/extract.ts";
import { runValues } from "../runtime/run_values.ts";

/**
 * Times each node of a model in a model of its own. Nodes of a body count to the one that holds it, and
 * a change of precision to the node that it serves, as far as the runtime would make one of them.
 */
export async function profileOneByOne(
  model: Model,
  feeds: Feeds,
  runtime: Runtime,
  options: { signal?: AbortSignal } = {},
): Promise<ProfiledNode[]> {
  const named = model.withGraph(nameNodes(model.graph));
  const { graph } = named;
  const frozen = freezeRandom(named); // values of one run have the shapes of another
  const shapes = await learnShapes(frozen, feeds, { runtime });
  const extractor = new Extractor(named, await runValues(frozen, feeds, runtime));
  // What handles sequences cannot run in a model of its own: neither can be fed.
  const nodes = graph.node.filter((node) => !extractor.isConstant(node) && extractor.canTake(node));
  const groups = inOrder(withPrecision(nodes, named), producers(graph));
  const times = await timeOneByOne(runtime, groups.map((group) => extractor.take(group)), options);
  const total = times.reduce((sum, ms) => sum + ms, 0);
  const paths = modulePaths(graph);
  const dims = (name: string) => shapes.get(name)?.dims;
  return groups.map((group, i): ProfiledNode => {
    const head = group.find(({ opType }) => !CHANGES_PRECISION.test(opType)) ?? group[0]!;
    const [output = ""] = head.output;
    const shape = dims(output) ?? [];
    const count = macs(head, { inputs: head.input.map(dims), outputs: [shape] });
    const ms = times[i]!;
    return {
      node: head.name,
      opType: head.opType,
      path: paths.get(head) ?? "",
      covers: group.map(({ opType }) => opType),
      depth: 0,
      executions: 1,
      shape: [...shape],
      ms,
      share: total > 0 ? ms / total : 0,
      ...(count !== undefined && { macs: count }),
    };
  });
}

const CHANGES_PRECISION = /^(Quantize|Dequantize)Linear$/;

/** Joins what quantizes or dequantizes with the node it does it for, if that is one alone. */
function withPrecision(nodes: readonly NodeProto[], { graph }: Model): NodeProto[][] {
  const readers = consumers(graph);
  const makers = producers(graph);
  const served = ({ opType, input: [from = ""], output: [to = ""] }: NodeProto) => {
    if (opType === "QuantizeLinear") {
      return readers.get(from)?.length === 1 ? makers.get(from) : undefined;
    }
    if (opType !== "DequantizeLinear") return undefined;
    const [reader, ...others] = readers.get(to) ?? [];
    return others.length === 0 ? reader : undefined;
  };
  const members = new Set(nodes);
  return [
    ...Map.groupBy(nodes, (node) => {
      const other = served(node);
      return other && members.has(other) && !CHANGES_PRECISION.test(other.opType) ? other : node;
    }).values(),
  ];
}
