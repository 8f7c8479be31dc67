import { constants, consumers } from "../../onnx/graph.ts";
import type { GraphProto, NodeProto, TensorProto } from "../../onnx/onnx_pb.ts";
import type { UndoneLayer } from "../../passes/undo/undo_log.ts";
import type { LayerCost } from "../../profile/layer_costs.ts";

/** A layer of a file that is int8, with what the rules look at. */
export interface LayerView {
  readonly layer: UndoneLayer;
  readonly cost: LayerCost;
  /** Its node in float32, where one has its name. */
  readonly node: NodeProto | undefined;
  /** The float32 nodes that read what it gives, as far as the file has them too. */
  readonly readers: readonly NodeProto[];
  /** A value that is constant, as weights and biases are. */
  readonly constant: (name: string) => TensorProto | undefined;
}

/** Kernels that compute on integers; Conv and Gemm among them mean that the runtime computes in float32. */
const INTEGER_KERNEL =
  /^(QLinear|QGemm|QAttention|ConvInteger|MatMulInteger|DynamicQuantize(MatMul|LSTM)|Nhwc)/;

/**
 * Layers with their costs, in the order of both.
 *
 * @param plain The network in float32.
 * @param file Where it was read from.
 */
export function layerViews(
  layers: readonly UndoneLayer[],
  costs: readonly LayerCost[],
  plain: GraphProto,
  file: GraphProto,
): LayerView[] {
  const nodes = new Map(plain.node.map((node) => [node.name, node]));
  const readers = consumers(plain);
  const known = constants(plain);
  const names = new Set(file.node.map(({ name }) => name));
  return layers.map((layer, i) => {
    const node = nodes.get(layer.node);
    return {
      ...{ layer, node, cost: costs[i]! },
      readers: (node?.output ?? []).flatMap((name) => readers.get(name) ?? [])
        .filter(({ name }) => names.has(name)),
      constant: (name) => known.get(name),
    };
  });
}

/** What computes, of the nodes of the file that stood for a layer. */
export function mainNode({ layer: { from } }: LayerView): string {
  const main = from.find(({ operator }) =>
    !/^(\w*(Quantize|Dequantize)Linear|Cast)$/.test(operator)
  );
  return (main ?? from[0])?.name ?? "";
}

/** Whether a node of the file that stood for a layer is such an operator. */
export function isOf({ layer }: LayerView, ...operators: readonly string[]): boolean {
  return layer.from.some(({ operator }) => operators.includes(operator));
}

/** Whether it is a convolution or a product. */
export function isProduct({ node }: LayerView): boolean {
  return /^(Conv|ConvTranspose|Gemm|MatMul)$/.test(node?.opType ?? "");
}

/** Whether the runtime computes it in float32 all the same, between a DequantizeLinear and a QuantizeLinear. */
export function isUnfused({ layer, cost: { runs } }: LayerView): boolean {
  return layer.form === "static" && runs.includes("DequantizeLinear") &&
    !runs.some((opType) => INTEGER_KERNEL.test(opType));
}
