import { consumers, subgraphs } from "../onnx/graph.ts";
import { isStandard } from "../onnx/node.ts";
import type { GraphProto, NodeProto, TensorProto } from "../onnx/onnx_pb.ts";
import { readTensorProto } from "../onnx/tensor_proto.ts";
import { whyNotFixed } from "./channel_affine.ts";
import { Parameters } from "./parameters.ts";
import { contextInside, type PassContext, visibleConstants, visibleRanks } from "./pass.ts";

/**
 * Layers that run as one, as a list given to PyTorch's `fuse_modules` names them.
 * @category Passes (advanced)
 */
export interface FusedGroup {
  /** Module paths in the order of computation; the name of a node, or of its output, without one. */
  readonly modules: readonly string[];
  /** What they are in PyTorch's words: `Conv3d`, `BatchNorm3d`, `ReLU`. */
  readonly types: readonly string[];
  /** The ONNX operators that they run as: `Conv + Relu`. */
  readonly runsAs: string;
  /** Name of the result. */
  readonly output: string;
  /** Of a BatchNormalization that is still one: why. */
  readonly why?: string;
}

/** Activations that PyTorch fuses, or that cost nothing after a fused layer. */
const ACTIVATIONS = ["Relu", "Clip"];

/**
 * Lists the layers of a fused graph that run as one: a Conv, ConvTranspose or Linear layer with what
 * was folded into it and the ReLU or Clip after it, and what each BatchNormalization that stands alone
 * became.
 *
 * @param pathOf Module path of a node of the graph as it came.
 */
export function fusedGroups(
  graph: GraphProto,
  context: PassContext,
  pathOf: (node: NodeProto) => string,
): FusedGroup[] {
  const { origins } = context;
  const known = visibleConstants(graph, context);
  const ranks = visibleRanks(graph, context);
  const parameters = new Parameters(graph, context);
  const readers = consumers(graph);
  const outputs = new Set(graph.output.map(({ name }) => name));
  const counted = new Set<NodeProto>();
  const groups: FusedGroup[] = [];
  for (const node of graph.node) {
    for (const body of subgraphs(node)) {
      groups.push(...fusedGroups(body, contextInside(graph, context), pathOf));
    }
    if (counted.has(node) || !isStandard(node)) continue;
    const layer = ["Conv", "ConvTranspose", "Gemm", "MatMul"].includes(node.opType);
    if (!layer && !isNormalization(origins.of(node)[0]!)) continue;

    const run = [node];
    const next = (accepts: (reader: NodeProto) => boolean) => {
      const [output = ""] = run.at(-1)!.output;
      const [reader, ...others] = readers.get(output) ?? [];
      if (!reader || others.length > 0 || outputs.has(output)) return;
      if (isStandard(reader) && accepts(reader)) run.push(reader);
    };
    if (node.opType === "MatMul") {
      next(({ opType, input }) => opType === "Add" && input.some((name) => known.has(name)));
    } else if (node.opType === "Mul") {
      next((reader) => reader.opType === "Add" && origins.of(reader)[0] === origins.of(node)[0]);
    }
    next(({ opType }) => ACTIVATIONS.includes(opType));
    for (const one of run) counted.add(one);

    const rank = (layer ? known.get(node.input[1] ?? "")?.dims.length : undefined) ??
      ranks.get(node.output[0] ?? "");
    const members = [...new Set(run.flatMap((one) => origins.of(one)))]
      // A bias of its own is a part of the layer, in PyTorch as in Gemm.
      .filter((member, i, all) => !(isBias(member) && isLinear(all[i - 1])));
    if (members.length < 2 && layer) continue;
    const why = node.opType === "BatchNormalization"
      ? whyNotFixed(node, parameters) ?? "the rank of its input is not known"
      : undefined;
    groups.push({
      modules: members.map((member) => pathOf(member) || member.name || member.output[0]!),
      types: members.map((member) => typeOf(member, rank, known)),
      runsAs: run.map(({ opType }) => opType).join(" + "),
      output: run.at(-1)!.output[0]!,
      ...why === undefined ? {} : { why },
    });
  }
  return groups;
}

function isNormalization(node: NodeProto): boolean {
  return node.opType === "BatchNormalization" && isStandard(node);
}

function isLinear(node: NodeProto | undefined): boolean {
  return node?.opType === "MatMul" || node?.opType === "Gemm";
}

function isBias(node: NodeProto): boolean {
  return node.opType === "Add";
}

/** PyTorch's class for a node; the operator's own name where there is none. */
function typeOf(
  node: NodeProto,
  rank: number | undefined,
  known: ReadonlyMap<string, TensorProto>,
): string {
  const dimensions = rank === undefined ? "" : `${Math.max(1, rank - 2)}d`;
  switch (node.opType) {
    case "Conv":
    case "ConvTranspose":
      return node.opType + dimensions;
    case "BatchNormalization":
      return `BatchNorm${dimensions}`;
    case "Gemm":
    case "MatMul":
      return "Linear";
    case "Relu":
      return "ReLU";
    case "Clip": {
      const bounds = node.input.slice(1).map((name) => known.get(name));
      const [min, max] = bounds.map((bound) => bound && readTensorProto(bound).data[0]);
      return min === 0 && max === 6 ? "ReLU6" : "Clip";
    }
    default:
      return node.opType;
  }
}
