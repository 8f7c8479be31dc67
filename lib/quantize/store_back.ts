import { consumers, makeNamer, mapSubgraphs } from "../onnx/graph.ts";
import { makeNode } from "../onnx/node.ts";
import {
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  TensorProto_DataType as DataType,
} from "../onnx/onnx_pb.ts";
import { dimsOf, makeTensorProto, readTensorProto } from "../onnx/tensor_proto.ts";
import { raisedFrom, withoutNote } from "../passes/raise_floats.ts";
import { elementCount, type Tensor } from "../tensor/tensor.ts";

/** Fewer elements are not worth a Cast in the file. */
const FEWEST_ELEMENTS = 128;

/** Energy of what rounding may change, as a share of all: -66 dB, where float16 by itself makes -70. */
const MOST_LOST = 2 ** -22;

/**
 * Stores what stays float32 of a network that was float16 or bfloat16 in 16 bits again, behind Casts that
 * the runtime folds when it opens the file: it is no larger than what it came from.
 *
 * @param given The graph before it was converted, whose constants these are.
 */
export function storeBack(proto: ModelProto, given: GraphProto): ModelProto {
  const types = raisedFrom(proto);
  if (types.length === 0 || !proto.graph) return proto;
  const plain = withoutNote(proto);
  if (types.every((type) => type === "float64")) return plain;
  const toBfloat16 = !types.includes("float16");
  const fresh = makeNamer(proto.graph);
  const own = floatsOf(given);
  return { ...plain, graph: storeScope(proto.graph, own, toBfloat16, fresh) };
}

/** The float32 constants of a graph and of its bodies. */
function floatsOf(graph: GraphProto): Set<TensorProto> {
  const found = new Set<TensorProto>();
  const collect = (scope: GraphProto): GraphProto => {
    for (const tensor of scope.initializer) {
      if (tensor.dataType === DataType.FLOAT) found.add(tensor);
    }
    for (const node of scope.node) mapSubgraphs(node, collect);
    return scope;
  };
  collect(graph);
  return found;
}

function storeScope(
  graph: GraphProto,
  own: ReadonlySet<TensorProto>,
  toBfloat16: boolean,
  fresh: (base: string) => string,
): GraphProto {
  const readers = consumers(graph);
  const outputs = new Set(graph.output.map(({ name }) => name));
  const casts: NodeProto[] = [];
  const initializer = graph.initializer.map((tensor) => {
    const isScale = readers.get(tensor.name)?.some(({ opType }) => /quant|^QLinear/i.test(opType));
    if (!own.has(tensor) || isScale || outputs.has(tensor.name)) return tensor;
    if (elementCount(dimsOf(tensor)) < FEWEST_ELEMENTS) return tensor;
    const { dims, data } = readTensorProto(tensor) as Tensor<"float32">;
    const stored = (toBfloat16 && asBfloat16(dims, data)) || asFloat16(dims, data);
    if (!stored) return tensor;
    const name = fresh(`${tensor.name}_${stored.type}`);
    casts.push(makeNode("Cast", [name], [tensor.name], { to: DataType.FLOAT }));
    return makeTensorProto(name, stored);
  });
  const node = graph.node.map((node) =>
    mapSubgraphs(node, (body) => storeScope(body, own, toBfloat16, fresh))
  );
  return { ...graph, node: [...casts, ...node], initializer };
}

/** Undefined if a value is lost. */
function asBfloat16(
  dims: readonly number[],
  data: Float32Array,
): Tensor<"bfloat16"> | undefined {
  const bits = new Uint32Array(data.slice().buffer);
  if (bits.some((one) => (one & 0xffff) !== 0)) return undefined;
  return { type: "bfloat16", dims, data: Uint16Array.from(bits, (one) => one >>> 16) };
}

/** Undefined if one is beyond its reach, or too much is lost. */
function asFloat16(dims: readonly number[], data: Float32Array): Tensor<"float16"> | undefined {
  const rounded = Float16Array.from(data);
  let [lost, all] = [0, 0];
  for (let i = 0; i < data.length; i++) {
    const [exact, value] = [data[i]!, rounded[i]!];
    if (exact === value) {
      if (Number.isFinite(exact)) all += exact * exact;
      continue;
    }
    if (!Number.isFinite(value)) return undefined;
    lost += (value - exact) ** 2;
    all += exact * exact;
  }
  return lost <= MOST_LOST * all ? { type: "float16", dims, data: rounded } : undefined;
}
