import { intAttribute, intsAttribute, isStandard, stringAttribute } from "./node.ts";
import type { GraphProto, NodeProto, TensorProto, ValueInfoProto } from "./onnx_pb.ts";
import { dimsOf } from "./tensor_proto.ts";

/** Operators whose results have the rank of their first input. */
const KEEPING = new Set(
  ("Abs AveragePool BatchNormalization Cast Ceil Celu Clip Conv ConvInteger ConvTranspose CumSum " +
    "DepthToSpace DequantizeLinear Dropout Elu Erf Exp Floor Gelu GlobalAveragePool " +
    "GlobalMaxPool GroupNormalization HardSigmoid HardSwish Identity InstanceNormalization " +
    "LayerNormalization LeakyRelu Log LogSoftmax LpNormalization LRN MaxPool Mish Neg Not PRelu " +
    "Pad QLinearConv QuantizeLinear Reciprocal Relu Resize Round ScatterElements ScatterND Selu " +
    "Sigmoid Sign Slice Softmax Softplus Softsign SpaceToDepth Split Sqrt Tanh ThresholdedRelu " +
    "Tile TopK Transpose Trilu Upsample").split(" "),
);

/** Operators that broadcast all their inputs. */
const BROADCASTING = new Set(
  ("Add And Div Equal Greater GreaterOrEqual Less LessOrEqual Max Mean Min Mod Mul Or Pow Sub Sum " +
    "Where Xor").split(" "),
);

/** Operators whose results always have these ranks. */
const FIXED: Readonly<Record<string, readonly number[]>> = {
  Flatten: [2],
  GRU: [4, 3],
  Gemm: [2],
  LSTM: [4, 3, 3],
  NonZero: [2],
  RNN: [4, 3],
  Range: [1],
  Shape: [1],
  Size: [0],
};

/** What is known of one value. */
interface Known {
  readonly rank: number;
  /** Length, of a value of rank 1: it says the rank of what is reshaped to it. */
  readonly length?: number;
}

/**
 * Numbers of dimensions, by name of the value, as far as they follow from the types that the file
 * states, from constants, and from the operators: enough to tell a batch of rows from a sequence.
 *
 * @param constants Constants that the graph can read.
 * @param outer Ranks known in the graphs around this one.
 */
export function ranks(
  graph: GraphProto,
  constants: ReadonlyMap<string, TensorProto>,
  outer: ReadonlyMap<string, number> = new Map(),
): Map<string, number> {
  const known = new Map<string, Known>();
  for (const [name, rank] of outer) known.set(name, { rank });
  for (const { name } of graph.input) known.delete(name);
  for (const info of [...graph.valueInfo, ...graph.output, ...graph.input]) {
    const stated = statedType(info);
    if (stated) known.set(info.name, stated);
  }
  for (const [name, tensor] of constants) known.set(name, ofDims(dimsOf(tensor)));
  for (const node of graph.node) {
    // Attributes that a function takes from its call have no value here.
    if (!isStandard(node) || node.attribute.some(({ refAttrName }) => refAttrName)) continue;
    infer(node, (index) => known.get(node.input[index] ?? ""), constants).forEach((result, i) => {
      const name = node.output[i];
      if (name && result && (!known.has(name) || result.length !== undefined)) {
        known.set(name, result);
      }
    });
  }
  return new Map(Array.from(known, ([name, { rank }]) => [name, rank]));
}

function ofLength(length: number): Known {
  return Number.isNaN(length) ? { rank: 1 } : { rank: 1, length };
}

function ofDims(dims: readonly number[]): Known {
  return dims.length === 1 ? { rank: 1, length: dims[0]! } : { rank: dims.length };
}

function statedType(info: ValueInfoProto): Known | undefined {
  const kind = info.type?.value;
  if (kind?.case !== "tensorType" || !kind.value.shape) return undefined;
  const { dim } = kind.value.shape;
  const only = dim.length === 1 ? dim[0]!.value : undefined;
  return only?.case === "dimValue" ? { rank: 1, length: Number(only.value) } : { rank: dim.length };
}

/** What is known of each output of a node. */
function infer(
  node: NodeProto,
  input: (index: number) => Known | undefined,
  constants: ReadonlyMap<string, TensorProto>,
): (Known | undefined)[] {
  const { opType } = node;
  const x = input(0);
  const axesInput = constants.get(node.input[1] ?? "");
  const axesCount = intsAttribute(node, "axes")?.length ??
    (axesInput && Number(axesInput.dims[0] ?? 1n));
  const each = (known: Known | undefined) => node.output.map(() => known);

  const fixed = FIXED[opType];
  if (opType === "Shape" && x) {
    const whole = !node.attribute.some(({ name }) => name === "start" || name === "end");
    return [whole ? { rank: 1, length: x.rank } : { rank: 1 }];
  }
  if (fixed) return fixed.map((rank) => ({ rank }));
  if (BROADCASTING.has(opType)) {
    const all = node.input.map((_, index) => input(index));
    if (!all.every((one) => one !== undefined)) return [];
    const rank = Math.max(...all.map((one) => one.rank));
    const lengths = all.flatMap((one) => one.rank === 1 ? [one.length ?? NaN] : []);
    return [rank === 1 ? ofLength(Math.max(...lengths)) : { rank }];
  }
  switch (opType) {
    case "Cast":
    case "Identity":
      return [x];
    case "Conv":
    case "ConvTranspose":
      return [x ?? input(1)];
    case "Concat": {
      const all = node.input.map((_, index) => input(index));
      const rank = all.find((one) => one !== undefined)?.rank;
      if (rank !== 1) return [rank === undefined ? undefined : { rank }];
      return [ofLength(all.reduce((sum, one) => sum + (one?.length ?? NaN), 0))];
    }
    case "ConstantOfShape":
      return [x?.length === undefined ? undefined : { rank: x.length }];
    case "Expand": {
      const length = input(1)?.length;
      return [x && length !== undefined ? { rank: Math.max(x.rank, length) } : undefined];
    }
    case "Reshape": {
      const rank = input(1)?.length ?? intsAttribute(node, "shape")?.length;
      return [rank === undefined ? undefined : { rank }];
    }
    case "Unsqueeze":
      if (!x || axesCount === undefined) return [];
      return [
        x.rank === 0 && axesCount === 1 ? { rank: 1, length: 1 } : {
          rank: x.rank + axesCount,
        },
      ];
    case "Squeeze":
      return [x && axesCount !== undefined ? { rank: x.rank - axesCount } : undefined];
    case "Gather": {
      const indices = input(1);
      if (!x || !indices) return [];
      const rank = x.rank + indices.rank - 1;
      return [rank === 1 && x.rank === 1 ? { ...indices } : { rank }];
    }
    case "GatherElements":
      return [input(1)];
    case "MatMul": {
      const b = input(1);
      if (!x || !b) return [];
      const vectors = Number(x.rank === 1) + Number(b.rank === 1);
      return [{ rank: Math.max(x.rank, b.rank, 2) - vectors }];
    }
    case "OneHot":
      return [x && { rank: x.rank + 1 }];
    case "Transpose":
      return [x ?? rankOfPerm(node)];
    case "Einsum": {
      const [, result] = stringAttribute(node, "equation", "").split("->");
      return [
        result?.match(/^[\sA-Za-z]*$/) ? { rank: result.replace(/\s/g, "").length } : undefined,
      ];
    }
  }
  if (opType.startsWith("Reduce") || opType === "ArgMax" || opType === "ArgMin") {
    if (!x) return [];
    if (intAttribute(node, "keepdims", 1) === 1) return [{ rank: x.rank }];
    if (opType.startsWith("Arg")) return [{ rank: x.rank - 1 }];
    if (axesCount !== undefined && axesCount > 0) return [{ rank: x.rank - axesCount }];
    const none = node.input[1] === undefined || node.input[1] === "" || axesCount === 0;
    const noop = intAttribute(node, "noop_with_empty_axes", 0) === 1;
    return [none ? { rank: noop ? x.rank : 0 } : undefined];
  }
  if (KEEPING.has(opType)) return each(x && { rank: x.rank });
  return [];
}

function rankOfPerm(node: NodeProto): Known | undefined {
  const perm = intsAttribute(node, "perm");
  return perm && { rank: perm.length };
}
