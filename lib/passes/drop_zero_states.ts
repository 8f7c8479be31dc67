import { lookUp } from "../look_up.ts";
import { producers } from "../onnx/graph.ts";
import { isStandard, tensorAttribute } from "../onnx/node.ts";
import type { GraphProto, TensorProto } from "../onnx/onnx_pb.ts";
import { readTensorProto } from "../onnx/tensor_proto.ts";
import { type PassContext, rootContext, visibleConstants } from "./pass.ts";

/** Inputs of the recurrent operators that ONNX takes as zeros where they are left out. */
const STATES: Readonly<Record<string, readonly number[]>> = { GRU: [5], RNN: [5], LSTM: [5, 6] };

/** Operators that give zeros, of whatever shape, if their first input holds nothing else. */
const MOVERS = new Set(
  ("Cast Expand Flatten Gather Identity Reshape Slice Split Squeeze Tile Transpose Unsqueeze")
    .split(" "),
);

/**
 * Leaves initial states out that are zeros, which is what a recurrent layer starts from anyway.
 * Exporters make them at run time, in the shape of the batch, by a dozen nodes that then go too.
 */
export function dropZeroStates(
  graph: GraphProto,
  context: PassContext = rootContext(graph),
): GraphProto {
  if (!graph.node.some(({ opType }) => lookUp(STATES, opType))) return graph;
  const constants = visibleConstants(graph, context);
  const makers = producers(graph);
  const node = graph.node.map((layer) => {
    const states = isStandard(layer) ? lookUp(STATES, layer.opType) : undefined;
    const zeros = states?.filter((index) => isZeros(layer.input[index] ?? "", makers, constants));
    if (!zeros || zeros.length === 0) return layer;
    const input = layer.input.map((name, index) => zeros.includes(index) ? "" : name);
    while (input.at(-1) === "") input.pop();
    const bare = { ...layer, input };
    context.origins.inherit(bare, layer);
    return bare;
  });
  return node.every((mapped, i) => mapped === graph.node[i]) ? graph : { ...graph, node };
}

/** Whether a value is all zeros, whatever the network is fed. */
function isZeros(
  name: string,
  makers: ReturnType<typeof producers>,
  constants: ReadonlyMap<string, TensorProto>,
): boolean {
  const constant = constants.get(name);
  if (constant) return holdsZeros(constant);
  const maker = makers.get(name);
  if (!maker || !isStandard(maker)) return false;
  if (maker.opType === "ConstantOfShape") {
    const value = tensorAttribute(maker, "value");
    return value === undefined || holdsZeros(value);
  }
  if (maker.opType === "Concat") {
    return maker.input.every((part) => isZeros(part, makers, constants));
  }
  return MOVERS.has(maker.opType) && isZeros(maker.input[0] ?? "", makers, constants);
}

function holdsZeros(tensor: TensorProto): boolean {
  const { data } = readTensorProto(tensor);
  return (data as Float32Array).every((value) => Number(value) === 0); // bigints too
}
