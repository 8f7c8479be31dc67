import { constants } from "./graph.ts";
import { intAttribute, intsAttribute, isStandard } from "./node.ts";
import type { GraphProto, NodeProto } from "./onnx_pb.ts";
import { readTensorProto } from "./tensor_proto.ts";

/**
 * The number of dimensions of each value, where it is written down or follows from the operators on
 * the way. Values of which it does not are missing.
 *
 * @param outer Ranks of the graphs around a body.
 */
export function ranks(
  graph: GraphProto,
  outer: ReadonlyMap<string, number> = new Map(),
): Map<string, number> {
  const found = new Map(outer);
  for (const { name, type } of [...graph.input, ...graph.output, ...graph.valueInfo]) {
    const shape = type?.value.case === "tensorType" ? type.value.value.shape : undefined;
    if (shape) found.set(name, shape.dim.length);
  }
  const values = constants(graph);
  for (const [name, tensor] of values) found.set(name, tensor.dims.length);

  const ints = (name: string | undefined): number[] | undefined => {
    const tensor = name ? values.get(name) : undefined;
    return tensor && Array.from(readTensorProto(tensor).data as ArrayLike<bigint>, Number);
  };
  for (const node of graph.node) { // topological: what a node reads is known by then, or never
    if (!isStandard(node)) continue;
    const rank = rankOf(node, (i) => found.get(node.input[i] ?? ""), (i) => ints(node.input[i]));
    if (rank === undefined) continue;
    for (const name of node.output) if (name !== "" && !found.has(name)) found.set(name, rank);
  }
  return found;
}

/** Rank of all outputs of a node, by the ranks and the constant values of its inputs. */
function rankOf(
  node: NodeProto,
  rank: (input: number) => number | undefined,
  ints: (input: number) => number[] | undefined,
): number | undefined {
  const { opType } = node;
  if (sameAsInput.has(opType)) return rank(0);
  if (broadcasting.has(opType)) {
    const all = node.input.map((_, i) => rank(i));
    return all.every((one) => one !== undefined) ? Math.max(...all) : undefined;
  }
  const axes = intsAttribute(node, "axes") ?? ints(1);
  switch (opType) {
    case "Conv":
    case "ConvTranspose":
      return rank(0) ?? rank(1);
    case "Gemm":
    case "Flatten":
      return 2;
    case "Reshape":
      return ints(1)?.length;
    case "Squeeze":
      return add(rank(0), axes && -axes.length);
    case "Unsqueeze":
      return add(rank(0), axes?.length);
    case "Gather":
      return add(rank(0), add(rank(1), -1));
    case "MatMul": {
      const [a, b] = [rank(0), rank(1)];
      return a !== undefined && b !== undefined && a >= 2 && b >= 2 ? Math.max(a, b) : undefined;
    }
    default:
      if (!opType.startsWith("Reduce")) return undefined;
      return intAttribute(node, "keepdims", 1) === 1 ? rank(0) : add(rank(0), axes && -axes.length);
  }
}

function add(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a + b;
}

const sameAsInput = new Set(
  `Abs AveragePool BatchNormalization Cast Ceil Clip Concat CumSum DepthToSpace DequantizeLinear Dropout
   Elu Erf Exp Floor GlobalAveragePool GlobalMaxPool HardSigmoid HardSwish Hardmax Identity
   InstanceNormalization LRN LayerNormalization LeakyRelu Log LogSoftmax MaxPool Neg Not Pad PRelu
   QuantizeLinear Reciprocal Relu Resize Round ScatterElements ScatterND Selu Sigmoid Sign Slice Softmax
   Softplus Softsign SpaceToDepth Split Sqrt Tanh ThresholdedRelu Tile TopK Transpose Trilu Upsample`
    .split(/\s+/),
);

const broadcasting = new Set(
  "Add And Div Equal Greater Less Max Mean Min Mod Mul Or Pow Sub Sum Where Xor".split(" "),
);
