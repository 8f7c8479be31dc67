import { producers, removeDeadNodes } from "../../onnx/graph.ts";
import type { GraphProto, NodeProto, TensorProto } from "../../onnx/onnx_pb.ts";
import { makeTensorProto, readTensorProto } from "../../onnx/tensor_proto.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { canEvaluate, evaluateNode, isPlain } from "../evaluate/evaluate_node.ts";
import { everywhere, type PassContext, visibleConstants } from "../pass.ts";

/** Most bytes of a constant that is computed: weights before they are quantized. */
const MOST_BYTES = 2 ** 28;

/** The first input that an operator reads as a parameter, where it may read integers. */
function firstParameter({ opType }: NodeProto): number | undefined {
  if (opType === "QuantizeLinear") return 0;
  return /^(DequantizeLinear|QLinear|QGemm$|(MatMul|Conv)Integer)/.test(opType) ? 1 : undefined;
}

/**
 * Scales, zero points and weights that a file computes from constants become constants: exporters write a zero
 * point as a Cast, and the weights of a quantized layer as what folds a BatchNormalization into them.
 */
export function foldParameters(graph: GraphProto, context: PassContext): GraphProto {
  return everywhere(fold)(graph, context);
}

function fold(graph: GraphProto, context: PassContext): GraphProto {
  if (!graph.node.some((node) => firstParameter(node) !== undefined)) return graph;
  const constants = visibleConstants(graph, context);
  const makers = producers(graph);
  const values = new Map<string, Tensor | undefined>();
  const valueOf = (name: string): Tensor | undefined => {
    if (values.has(name)) return values.get(name);
    values.set(name, undefined); // of a circle nothing is known
    const value = read(constants.get(name)) ?? computed(name, makers.get(name), valueOf);
    values.set(name, value);
    return value;
  };
  const added = new Map<string, TensorProto>();
  for (const node of graph.node) {
    for (const name of node.input.slice(firstParameter(node) ?? Infinity)) {
      if (name === "" || constants.has(name) || added.has(name)) continue;
      const value = valueOf(name);
      if (value) added.set(name, makeTensorProto(name, value));
    }
  }
  if (added.size === 0) return graph;
  return removeDeadNodes({
    ...graph,
    node: graph.node.filter(({ output }) => !output.some((name) => added.has(name))),
    initializer: [...graph.initializer, ...added.values()],
  });
}

function read(stored: TensorProto | undefined): Tensor | undefined {
  return stored && isPlain(stored.dataType) ? readTensorProto(stored) : undefined;
}

/** The value of a node with one output that reads nothing but constants. */
function computed(
  name: string,
  maker: NodeProto | undefined,
  valueOf: (name: string) => Tensor | undefined,
): Tensor | undefined {
  if (!maker || !canEvaluate(maker) || maker.output.length !== 1) return undefined;
  const inputs = maker.input.map((one) => one === "" ? undefined : valueOf(one));
  if (inputs.some((value, i) => !value && maker.input[i] !== "")) return undefined;
  return name === maker.output[0] ? evaluateNode(maker, inputs, MOST_BYTES)?.[0] : undefined;
}
