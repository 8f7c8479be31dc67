import { consumers, makeNamer, mapSubgraphs, subgraphs } from "../onnx/graph.ts";
import { makeNode } from "../onnx/node.ts";
import {
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  TensorProto_DataType as DataType,
} from "../onnx/onnx_pb.ts";
import { dimsOf, makeTensorProto, readTensorProto } from "../onnx/tensor_proto.ts";
import { integersOf } from "../passes/known_integers.ts";
import { raisedFrom, withoutNote } from "../passes/raise_floats.ts";
import { areBlocks, type BlockWriter, writeKnownBlocks } from "./known_blocks.ts";
import { Float16Elements } from "../tensor/float16_array.ts";
import { elementCount, type Tensor } from "../tensor/tensor.ts";

/** Fewer elements are not worth a Cast in the file. */
const FEWEST_ELEMENTS = 128;

/** Energy of what rounding may change, as a share of all: -66 dB, where float16 by itself makes -70. */
const MOST_LOST = 2 ** -22;

/**
 * Stores what stays float32 as small as it was in the file: what was float16 or bfloat16 in 16 bits, and what
 * was 8-bit integers as these, behind a Cast (and a Mul) that the runtime folds when it opens the file.
 *
 * @param given The graph before it was converted, whose constants these are.
 */
export function storeBack(proto: ModelProto, given: GraphProto): ModelProto {
  if (!proto.graph) return proto;
  const types = raisedFrom(proto);
  const plain = withoutNote(proto);
  const own = floatsOf(given);
  const width = types.find((type) => type !== "float64");
  if (width === undefined && ![...own.values()].some(integersOf)) return plain;
  const fresh = makeNamer(proto.graph);
  return { ...plain, graph: storeScope(proto.graph, { own, width, fresh }) };
}

/** What is to be stored back, and how. */
interface Storing {
  /** The float32 constants of the network as it was given. */
  readonly own: ReadonlySet<TensorProto>;
  /** What its floats were, if they had 16 bits. */
  readonly width: "float16" | "bfloat16" | undefined;
  readonly fresh: (base: string) => string;
}

/** The float32 constants of a graph and of its bodies. */
function floatsOf(graph: GraphProto): Set<TensorProto> {
  const found = new Set<TensorProto>();
  const collect = (scope: GraphProto) => {
    for (const tensor of scope.initializer) {
      if (tensor.dataType === DataType.FLOAT) found.add(tensor);
    }
    for (const node of scope.node) subgraphs(node).forEach(collect);
  };
  collect(graph);
  return found;
}

function storeScope(graph: GraphProto, storing: Storing): GraphProto {
  const readers = consumers(graph);
  const outputs = new Set(graph.output.map(({ name }) => name));
  const added: NodeProto[] = [];
  const initializer = graph.initializer.flatMap((tensor) => {
    const isScale = readers.get(tensor.name)?.some(({ opType }) => /quant|^QLinear/i.test(opType));
    if (!storing.own.has(tensor) || isScale || outputs.has(tensor.name)) return [tensor];
    if (elementCount(dimsOf(tensor)) < FEWEST_ELEMENTS) return [tensor];
    const stored = asIntegers(tensor, storing) ?? asHalf(tensor, storing);
    if (!stored) return [tensor];
    added.push(...stored.nodes);
    return stored.tensors;
  });
  const node = graph.node.map((node) => mapSubgraphs(node, (body) => storeScope(body, storing)));
  return { ...graph, node: [...added, ...node], initializer };
}

/** Nodes that make a constant, and the constants that they make it of. */
interface Stored {
  readonly nodes: readonly NodeProto[];
  readonly tensors: TensorProto[];
}

function asIntegers(tensor: TensorProto, { fresh }: Storing): Stored | undefined {
  const known = integersOf(tensor);
  if (areBlocks(known)) {
    const tensors: TensorProto[] = [];
    const constant: BlockWriter["constant"] = (base, tensor, options) => {
      tensors.push(makeTensorProto(fresh(base), tensor, options));
      return tensors.at(-1)!.name;
    };
    return {
      nodes: writeKnownBlocks(tensor.name, known, { constant, fresh, packs: false }),
      tensors,
    };
  }
  if (!known) return undefined;
  const { integers, scales, zeroPoints, axis } = known;
  const { name } = tensor;
  const dims = axis === undefined ? [] : integers.dims.map((dim, i) => i === axis ? dim : 1);
  const stored = fresh(`${name}_${integers.type}`);
  const scale = fresh(`${name}_scale`);
  const tensors = [
    makeTensorProto(stored, integers),
    makeTensorProto(scale, { type: "float32", dims, data: scales }),
  ];
  const wide = fresh(`${name}_wide`);
  const nodes = [makeNode("Cast", [stored], [wide], { to: DataType.FLOAT })];
  let centred = wide;
  if (zeroPoints.some((one) => one !== 0)) {
    const zero = fresh(`${name}_zero_point`);
    const data = Float32Array.from(zeroPoints);
    tensors.push(makeTensorProto(zero, { type: "float32", dims, data }));
    centred = fresh(`${name}_centred`);
    nodes.push(makeNode("Sub", [wide, zero], [centred]));
  }
  return { nodes: [...nodes, makeNode("Mul", [centred, scale], [name])], tensors };
}

function asHalf(tensor: TensorProto, { width, fresh }: Storing): Stored | undefined {
  if (width === undefined) return undefined;
  const { dims, data } = readTensorProto(tensor) as Tensor<"float32">;
  const half = (width === "bfloat16" && asBfloat16(dims, data)) || asFloat16(dims, data);
  if (!half) return undefined;
  const name = fresh(`${tensor.name}_${half.type}`);
  return {
    nodes: [makeNode("Cast", [name], [tensor.name], { to: DataType.FLOAT })],
    tensors: [makeTensorProto(name, half)],
  };
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
  const rounded = Float16Elements.from(data);
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
