import { intAttribute, intsAttribute, stringAttribute } from "./node.ts";
import type { NodeProto, TensorProto } from "./onnx_pb.ts";

/** What is known of one value. */
export interface Known {
  readonly rank: number;
  /** Length, of a value of rank 1: it says the rank of what is reshaped to it. */
  readonly length?: number;
}

/** A node of the standard's operators, and what it is given. */
export interface Call {
  readonly node: NodeProto;
  /** What is known of an input, by its index. */
  input(index: number): Known | undefined;
  /** The constant that an input is, by its index. */
  constant(index: number): TensorProto | undefined;
}

/** What is known of each output of a node. */
export function outputsOf(call: Call): (Known | undefined)[] {
  const { opType, output } = call.node;
  const fixed = FIXED.get(opType);
  if (fixed) return fixed.map((rank) => ({ rank }));
  if (KEEPING.has(opType)) return output.map(() => ranked(call.input(0)?.rank));
  return [RULES.get(opType)?.(call)];
}

/** Operators whose results have the rank of their first input. */
const KEEPING = new Set(
  ("Abs AveragePool BatchNormalization Ceil Celu Clip ConvInteger CumSum DepthToSpace " +
    "DequantizeLinear Dropout Elu Erf Exp Floor Gelu GlobalAveragePool GlobalMaxPool " +
    "GroupNormalization HardSigmoid HardSwish InstanceNormalization LayerNormalization LeakyRelu " +
    "Log LogSoftmax LpNormalization LRN MaxPool Mish Neg Not PRelu Pad QLinearConv QuantizeLinear " +
    "Reciprocal Relu Resize Round ScatterElements ScatterND Selu Sigmoid Sign Slice Softmax " +
    "Softplus Softsign SpaceToDepth Split Sqrt Tanh ThresholdedRelu Tile TopK Trilu Upsample")
    .split(" "),
);

/** Operators whose results always have these ranks. */
const FIXED: ReadonlyMap<string, readonly number[]> = new Map(Object.entries({
  Flatten: [2],
  GRU: [4, 3],
  Gemm: [2],
  LSTM: [4, 3, 3],
  NonZero: [2],
  RNN: [4, 3],
  Range: [1],
  Size: [0],
}));

/** Operators that broadcast all their inputs. */
const BROADCASTING =
  ("Add And Div Equal Greater GreaterOrEqual Less LessOrEqual Max Mean Min Mod Mul Or Pow Sub Sum " +
    "Where Xor").split(" ");

/** Operators that take axes out, several at once. */
const REDUCING =
  ("ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd " +
    "ReduceSum ReduceSumSquare").split(" ");

/** What is known of the first output, or the only one. */
type Rule = (call: Call) => Known | undefined;

const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ...BROADCASTING.map((opType) => [opType, broadcast] as const),
  ...REDUCING.map((opType) => [opType, reduce] as const),
  ...Object.entries<Rule>({
    ArgMax: reduceOne,
    ArgMin: reduceOne,
    Cast: ({ input }) => input(0),
    Concat: concat,
    ConstantOfShape: ({ input }) => ranked(input(0)?.length),
    Conv: ({ input }) => input(0) ?? input(1),
    ConvTranspose: ({ input }) => input(0) ?? input(1),
    Einsum: einsum,
    Expand: expand,
    Gather: gather,
    GatherElements: ({ input }) => input(1),
    Identity: ({ input }) => input(0),
    MatMul: matMul,
    OneHot: oneHot,
    Reshape: ({ node, input }) => ranked(input(1)?.length ?? intsAttribute(node, "shape")?.length),
    Shape: shape,
    Squeeze: squeeze,
    Transpose: ({ node, input }) => input(0) ?? ranked(intsAttribute(node, "perm")?.length),
    Unsqueeze: unsqueeze,
  }),
]);

/** A value of this rank, if the rank is known. */
function ranked(rank: number | undefined): Known | undefined {
  return rank === undefined ? undefined : { rank };
}

/** A list; its length is NaN where it is not known. */
function ofLength(length: number): Known {
  return Number.isNaN(length) ? { rank: 1 } : { rank: 1, length };
}

/** How many axes a node names, in an attribute or in a constant. */
function axesCount({ node, constant }: Call): number | undefined {
  const axes = constant(1);
  return intsAttribute(node, "axes")?.length ?? (axes && Number(axes.dims[0] ?? 1n));
}

function inputsOf({ node, input }: Call): (Known | undefined)[] {
  return node.input.map((_, index) => input(index));
}

function broadcast(call: Call): Known | undefined {
  const inputs = inputsOf(call);
  if (!inputs.every((one) => one !== undefined)) return undefined;
  const rank = Math.max(...inputs.map((one) => one.rank));
  if (rank !== 1) return { rank };
  return ofLength(Math.max(...inputs.flatMap((one) => one.rank === 1 ? [one.length ?? NaN] : [])));
}

function concat(call: Call): Known | undefined {
  const inputs = inputsOf(call);
  const rank = inputs.find((one) => one !== undefined)?.rank;
  if (rank !== 1) return ranked(rank);
  return ofLength(inputs.reduce((sum, one) => sum + (one?.length ?? NaN), 0));
}

function shape({ node, input }: Call): Known {
  const whole = !node.attribute.some(({ name }) => name === "start" || name === "end");
  const x = input(0);
  return whole && x ? { rank: 1, length: x.rank } : { rank: 1 };
}

function expand({ input }: Call): Known | undefined {
  const [x, length] = [input(0), input(1)?.length];
  return x && length !== undefined ? { rank: Math.max(x.rank, length) } : undefined;
}

function unsqueeze(call: Call): Known | undefined {
  const [x, added] = [call.input(0), axesCount(call)];
  if (!x || added === undefined) return undefined;
  return x.rank === 0 && added === 1 ? { rank: 1, length: 1 } : { rank: x.rank + added };
}

function squeeze(call: Call): Known | undefined {
  const [x, removed] = [call.input(0), axesCount(call)];
  return x && removed !== undefined ? { rank: x.rank - removed } : undefined;
}

function gather({ input }: Call): Known | undefined {
  const [x, indices] = [input(0), input(1)];
  if (!x || !indices) return undefined;
  const rank = x.rank + indices.rank - 1;
  return rank === 1 && x.rank === 1 ? indices : { rank };
}

function matMul({ input }: Call): Known | undefined {
  const [a, b] = [input(0), input(1)];
  if (!a || !b) return undefined;
  const vectors = Number(a.rank === 1) + Number(b.rank === 1);
  return { rank: Math.max(a.rank, b.rank, 2) - vectors };
}

function oneHot({ input }: Call): Known | undefined {
  const x = input(0);
  return x && { rank: x.rank + 1 };
}

/** As many axes as the result has letters: `bij,bjk->bik`. Dots stand for an unknown number. */
function einsum({ node }: Call): Known | undefined {
  const [, result] = stringAttribute(node, "equation", "").split("->");
  return result?.match(/^[\sA-Za-z]*$/) ? { rank: result.replace(/\s/g, "").length } : undefined;
}

/** Of one axis, as ArgMax does. */
function reduceOne({ node, input }: Call): Known | undefined {
  const x = input(0);
  return x && { rank: intAttribute(node, "keepdims", 1) === 1 ? x.rank : x.rank - 1 };
}

function reduce(call: Call): Known | undefined {
  const { node, input } = call;
  const x = input(0);
  if (!x || intAttribute(node, "keepdims", 1) === 1) return ranked(x?.rank);
  const count = axesCount(call);
  if (count !== undefined && count > 0) return { rank: x.rank - count };
  // Without axes all are reduced; unless none is, where the node says so.
  if (node.input[1] && count !== 0) return undefined;
  return { rank: intAttribute(node, "noop_with_empty_axes", 0) === 1 ? x.rank : 0 };
}
