import { elementCount } from "../tensor/tensor.ts";
import { floatsAttribute, intAttribute, intsAttribute, stringAttribute } from "./node.ts";
import {
  type NodeProto,
  type TensorProto,
  TensorProto_DataLocation as DataLocation,
} from "./onnx_pb.ts";
import { windowOf } from "./pool_window.ts";
import { readIntegers } from "./read_integers.ts";
import { elementType, readTensorProto } from "./tensor_proto.ts";

/** What is known of a shape: one number for each axis, NaN for a length that is not known. */
export type Dims = readonly number[];

/** A node of the standard's operators, and what it is given. */
export interface Call {
  readonly node: NodeProto;
  /** Shape of an input, by its index, if its rank is known. */
  input(index: number): Dims | undefined;
  /** The constant that an input is, by its index. */
  constant(index: number): TensorProto | undefined;
}

/** What is known of each output of a node. */
export function outputsOf(call: Call): (Dims | undefined)[] {
  const { opType, output } = call.node;
  if (opType === "Split") return split(call);
  const recurrent = RECURRENT.get(opType);
  if (recurrent !== undefined) return sequences(call).slice(0, recurrent);
  const first = RULES.get(opType)?.(call);
  // Masks, means and indices have the rank of what they belong to, and lengths of their own.
  const others = RANK_KEEPING.has(opType) ? first && unknown(first.length) : undefined;
  return [first, ...output.slice(1).map(() => others)];
}

/** Operators whose results have the shape of their first input. */
const KEEPING = new Set(
  ("Abs BatchNormalization Cast Ceil Celu Clip CumSum DequantizeLinear Dropout Elu Erf Exp Floor Gelu " +
    "GroupNormalization HardSigmoid HardSwish Hardmax Identity InstanceNormalization " +
    "LayerNormalization LeakyRelu Log LogSoftmax LpNormalization LRN Mish Neg Not PRelu " +
    "QuantizeLinear Reciprocal Relu Round ScatterElements ScatterND Selu Sigmoid Sign Softmax Softplus " +
    "Softsign Sqrt Tanh ThresholdedRelu Trilu")
    .split(" "),
);

/** Operators whose further outputs have the rank of the first. */
const RANK_KEEPING = new Set(["Dropout", "LayerNormalization", "MaxPool", "TopK"]);

/** Operators that broadcast all their inputs. */
const BROADCASTING =
  ("Add And Div Equal Greater GreaterOrEqual Less LessOrEqual Max Mean Min Mod Mul Or Pow Sub Sum " +
    "Where Xor").split(" ");

/** Operators that take axes out, several at once. */
const REDUCING =
  ("ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd " +
    "ReduceSum ReduceSumSquare").split(" ");

/** Operators that walk along a sequence, with the number of their outputs. */
const RECURRENT: ReadonlyMap<string, number> = new Map([["GRU", 2], ["LSTM", 3], ["RNN", 2]]);

/** What is known of the first output, or the only one. */
type Rule = (call: Call) => Dims | undefined;

const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ...Array.from(KEEPING, (opType) => [opType, ({ input }: Call) => input(0)] as const),
  ...BROADCASTING.map((opType) => [opType, (call: Call) => broadcast(inputsOf(call))] as const),
  ...REDUCING.map((opType) => [opType, reduce] as const),
  ...Object.entries<Rule>({
    ArgMax: reduceOne,
    ArgMin: reduceOne,
    AveragePool: pool,
    Concat: concat,
    ConstantOfShape: (call) => integers(call, 0) ?? ranked(lengthOf(call.input(0))),
    Conv: (call) => conv(call, call.input(1)),
    ConvInteger: (call) => conv(call, call.input(1)),
    ConvTranspose: convTranspose,
    DepthToSpace: (call) => moveBlocks(call, (axis, block) => axis === 1 ? block ** -2 : block),
    Einsum: einsum,
    Expand: (call) => {
      const shape = integers(call, 1) ?? ranked(lengthOf(call.input(1)));
      return broadcast([call.input(0), shape]);
    },
    Flatten: flatten,
    Gather: gather,
    GatherElements: ({ input }) => input(1),
    Gemm: gemm,
    GlobalAveragePool: globalPool,
    GlobalMaxPool: globalPool,
    MatMul: matMul,
    MaxPool: pool,
    NonZero: ({ input }) => [input(0)?.length ?? NaN, NaN],
    OneHot: ({ input }) => ranked(plus(input(0)?.length, 1)),
    Pad: pad,
    QLinearConv: (call) => conv(call, call.input(3)),
    Range: () => [NaN],
    Reshape: reshape,
    Resize: resize,
    Shape: shape,
    Size: () => [],
    Slice: slice,
    SpaceToDepth: (call) => moveBlocks(call, (axis, block) => axis === 1 ? block ** 2 : 1 / block),
    Squeeze: squeeze,
    Tile: tile,
    TopK: ({ node, input }) => withUnknown(input(0), [intAttribute(node, "axis", -1)]),
    Transpose: transpose,
    Unsqueeze: unsqueeze,
    Upsample: resize,
  }),
]);

function unknown(rank: number): Dims {
  return Array<number>(rank).fill(NaN);
}

/** A shape of this rank, if the rank is known. */
function ranked(rank: number | undefined): Dims | undefined {
  return rank === undefined || !(rank >= 0) ? undefined : unknown(rank);
}

function plus(a: number | undefined, b: number): number | undefined {
  return a === undefined ? undefined : a + b;
}

/** Length of a list; undefined of what is no list, or of unknown length. */
function lengthOf(dims: Dims | undefined): number | undefined {
  const [length = NaN] = dims?.length === 1 ? dims : [];
  return Number.isNaN(length) ? undefined : length;
}

function withUnknown(dims: Dims | undefined, axes: readonly number[]): Dims | undefined {
  return dims && axes.reduce<Dims>((all, axis) => setAt(all, axis, NaN), dims);
}

/** With another length at one axis, which counts from the end where it is negative. */
function setAt(dims: Dims, axis: number, length: number): Dims {
  const index = axis < 0 ? axis + dims.length : axis;
  return index >= 0 && index < dims.length ? dims.with(index, length) : unknown(dims.length);
}

/** A constant list of integers, by the index of the input. */
function integers({ constant }: Call, index: number): number[] | undefined {
  const tensor = constant(index);
  return tensor?.dataLocation === DataLocation.EXTERNAL ? undefined : readIntegers(tensor);
}

/** Axes that a node names, in an attribute or in a constant; null where it names none. */
function axesOf(call: Call): readonly number[] | null | undefined {
  const attribute = intsAttribute(call.node, "axes");
  if (attribute) return attribute;
  return call.node.input[1] ? integers(call, 1) : null;
}

/** How many axes a node names. */
function axesCount(call: Call): number | undefined {
  return axesOf(call)?.length ?? lengthOf(call.input(1));
}

function inputsOf({ node, input }: Call): (Dims | undefined)[] {
  return node.input.map((_, index) => input(index));
}

function broadcast(inputs: readonly (Dims | undefined)[]): Dims | undefined {
  if (!inputs.every((one) => one !== undefined)) return undefined;
  const rank = Math.max(...inputs.map(({ length }) => length));
  return unknown(rank).map((_, axis) => {
    const lengths = inputs.map((dims) => dims[axis - rank + dims.length] ?? 1);
    return lengths.find((length) => length !== 1 && !Number.isNaN(length)) ??
      (lengths.some(Number.isNaN) ? NaN : 1);
  });
}

function concat(call: Call): Dims | undefined {
  const inputs = inputsOf(call);
  const known = inputs.find((one) => one !== undefined);
  if (!known) return undefined;
  const all = inputs.map((one) => one ?? unknown(known.length));
  const at = intAttribute(call.node, "axis", 1);
  const axis = at < 0 ? at + known.length : at;
  return known.map((_, i) => {
    const lengths = all.map((dims) => dims[i] ?? NaN);
    return i === axis
      ? lengths.reduce((sum, length) => sum + length, 0)
      : lengths.find((length) => !Number.isNaN(length)) ?? NaN;
  });
}

function split(call: Call): (Dims | undefined)[] {
  const { node } = call;
  const x = call.input(0);
  const lengths = intsAttribute(node, "split") ?? integers(call, 1);
  return node.output.map((_, i) =>
    x && setAt(x, intAttribute(node, "axis", 0), lengths?.[i] ?? NaN)
  );
}

/** Of Y, Y_h and Y_c of a recurrent layer. */
function sequences({ node, input }: Call): Dims[] {
  const [x, w] = [input(0), input(1)];
  const directions = w?.[0] ?? NaN;
  const hidden = intAttribute(node, "hidden_size", NaN);
  if (intAttribute(node, "layout", 0) !== 0) return [unknown(4), unknown(3), unknown(3)];
  const [length = NaN, batch = NaN] = x ?? [];
  const state = [directions, batch, hidden];
  return [[length, ...state], state, state];
}

function flatten({ node, input }: Call): Dims {
  const x = input(0);
  const at = intAttribute(node, "axis", 1);
  if (!x) return unknown(2);
  const axis = at < 0 ? at + x.length : at;
  if (axis < 0 || axis > x.length) return unknown(2);
  return [elementCount(x.slice(0, axis)), elementCount(x.slice(axis))];
}

function gemm({ node, input }: Call): Dims {
  const [a, b] = [input(0), input(1)];
  return [
    a?.[intAttribute(node, "transA", 0) === 0 ? 0 : 1] ?? NaN,
    b?.[intAttribute(node, "transB", 0) === 0 ? 1 : 0] ?? NaN,
  ];
}

function matMul({ input }: Call): Dims | undefined {
  const [a, b] = [input(0), input(1)];
  if (!a?.length || !b?.length) return undefined;
  const batch = broadcast([a.slice(0, -2), b.slice(0, -2)])!;
  return [...batch, ...a.length > 1 ? [a.at(-2)!] : [], ...b.length > 1 ? [b.at(-1)!] : []];
}

/** @param w Shape of its weights. */
function conv({ node, input }: Call, w: Dims | undefined): Dims | undefined {
  const x = input(0);
  if (!x) return w && [NaN, w[0] ?? NaN, ...unknown(Math.max(0, w.length - 2))];
  return [x[0] ?? NaN, w?.[0] ?? NaN, ...spatial(node, x, w?.slice(2))];
}

function pool({ node, input }: Call): Dims | undefined {
  const x = input(0);
  return x && [...x.slice(0, 2), ...spatial(node, x)];
}

/** Lengths of the axes that a window slides over. Runtimes round up in ways of their own. */
function spatial(node: NodeProto, x: Dims, kernel?: Dims): Dims {
  const open = unknown(Math.max(0, x.length - 2));
  if (intAttribute(node, "ceil_mode", 0) !== 0) return open;
  return windowOf(node, x.slice(2), kernel)?.output ?? open;
}

function globalPool({ input }: Call): Dims | undefined {
  return input(0)?.map((length, axis) => axis < 2 ? length : 1);
}

function convTranspose({ node, input }: Call): Dims | undefined {
  const [x, w] = [input(0), input(1)];
  const rank = x?.length ?? w?.length;
  if (rank === undefined || rank < 2) return undefined;
  const channels = (w?.[1] ?? NaN) * intAttribute(node, "group", 1);
  const open = unknown(rank - 2);
  const isPlain = x && w && !intsAttribute(node, "output_shape") &&
    stringAttribute(node, "auto_pad", "NOTSET") === "NOTSET";
  if (!isPlain) return [x?.[0] ?? NaN, channels, ...open];
  const list = (name: string, fallback: number) =>
    intsAttribute(node, name, open.map(() => fallback));
  const [strides, dilations] = [list("strides", 1), list("dilations", 1)];
  const added = list("output_padding", 0);
  const pads = intsAttribute(node, "pads", [...open, ...open].fill(0));
  const lengths = open.map((_, i) =>
    (x[i + 2]! - 1) * strides[i]! + (w[i + 2]! - 1) * dilations[i]! + 1 + added[i]! -
    pads[i]! - pads[i + open.length]!
  );
  return [x[0]!, channels, ...lengths];
}

function moveBlocks(
  { node, input }: Call,
  factor: (axis: number, block: number) => number,
): Dims | undefined {
  const block = intAttribute(node, "blocksize", NaN);
  return input(0)?.map((length, axis) => axis === 0 ? length : length * factor(axis, block));
}

/** Without `start` and `end`, one number for each axis. */
function shape({ node, input }: Call): Dims {
  const isWhole = !node.attribute.some(({ name }) => name === "start" || name === "end");
  return [isWhole ? input(0)?.length ?? NaN : NaN];
}

function reshape(call: Call): Dims | undefined {
  const { node } = call;
  const wanted = intsAttribute(node, "shape") ?? integers(call, 1);
  if (!wanted) return ranked(lengthOf(call.input(1)));
  const x = call.input(0);
  const copies = intAttribute(node, "allowzero", 0) === 0;
  const dims = wanted.map((n, i) => n === 0 && copies ? x?.[i] ?? NaN : n);
  const rest = dims.indexOf(-1);
  if (rest < 0) return dims;
  const length = x ? elementCount(x) / elementCount(dims.with(rest, 1)) : NaN;
  return dims.with(rest, Number.isInteger(length) ? length : NaN);
}

function transpose({ node, input }: Call): Dims | undefined {
  const x = input(0);
  const perm = intsAttribute(node, "perm");
  if (!x) return ranked(perm?.length);
  if (!perm) return x.toReversed();
  return perm.length === x.length ? perm.map((axis) => x[axis] ?? NaN) : undefined;
}

function unsqueeze(call: Call): Dims | undefined {
  const [x, axes, count] = [call.input(0), axesOf(call), axesCount(call)];
  if (!x || count === undefined) return undefined;
  const rank = x.length + count;
  if (!axes) return unknown(rank);
  const added = new Set(axes.map((axis) => axis < 0 ? axis + rank : axis));
  if (![...added].every((axis) => axis >= 0 && axis < rank)) return undefined;
  const kept = [...x];
  return unknown(rank).map((_, i) => added.has(i) ? 1 : kept.shift() ?? NaN);
}

function squeeze(call: Call): Dims | undefined {
  const [x, axes, count] = [call.input(0), axesOf(call), axesCount(call)];
  if (!x || count === undefined) return undefined;
  if (!axes) return ranked(x.length - count);
  const gone = new Set(axes.map((axis) => axis < 0 ? axis + x.length : axis));
  return [...gone].every((axis) => axis in x) ? x.filter((_, i) => !gone.has(i)) : undefined;
}

function gather({ node, input }: Call): Dims | undefined {
  const [x, indices] = [input(0), input(1)];
  if (!x || !indices) return undefined;
  const at = intAttribute(node, "axis", 0);
  return x.toSpliced(at < 0 ? at + x.length : at, 1, ...indices);
}

function slice(call: Call): Dims | undefined {
  const x = call.input(0);
  const inputAxes = call.node.input[3] ? integers(call, 3) : null;
  const starts = intsAttribute(call.node, "starts")?.length ?? lengthOf(call.input(1));
  const axes = intsAttribute(call.node, "axes") ?? inputAxes ??
    (inputAxes === null && starts !== undefined
      ? Array.from({ length: starts }, (_, i) => i)
      : undefined);
  return axes ? withUnknown(x, axes) : ranked(x?.length);
}

function pad(call: Call): Dims | undefined {
  const x = call.input(0);
  const pads = intsAttribute(call.node, "pads") ?? integers(call, 1);
  if (!x || !pads || call.node.input[3] || pads.length !== 2 * x.length) return ranked(x?.length);
  return x.map((length, i) => length + pads[i]! + pads[i + x.length]!);
}

/** Only what a scale of 1 leaves alone is known: runtimes round in ways of their own. */
function resize(call: Call): Dims | undefined {
  const x = call.input(0);
  const { node, constant } = call;
  const stored = constant(node.opType === "Resize" && node.input.length > 2 ? 2 : 1);
  const isFloat = stored && elementType(stored.dataType) === "float32" &&
    stored.dataLocation !== DataLocation.EXTERNAL;
  const scales = floatsAttribute(node, "scales") ??
    (isFloat ? Array.from(readTensorProto(stored).data as Float32Array) : []);
  return x?.map((length, i) => scales.length === x.length && scales[i] === 1 ? length : NaN);
}

function tile(call: Call): Dims | undefined {
  const repeats = integers(call, 1);
  return call.input(0)?.map((length, i) => length * (repeats?.[i] ?? NaN));
}

/** As many axes as the result has letters: `bij,bjk->bik`. Dots stand for an unknown number. */
function einsum({ node }: Call): Dims | undefined {
  const [, result] = stringAttribute(node, "equation", "").split("->");
  return result?.match(/^[\sA-Za-z]*$/) ? unknown(result.replace(/\s/g, "").length) : undefined;
}

/** Of one axis, as ArgMax does. */
function reduceOne({ node, input }: Call): Dims | undefined {
  const x = input(0);
  const at = intAttribute(node, "axis", 0);
  if (!x || intAttribute(node, "keepdims", 1) === 1) return x && setAt(x, at, 1);
  return x.toSpliced(at < 0 ? at + x.length : at, 1);
}

function reduce(call: Call): Dims | undefined {
  const { node } = call;
  const x = call.input(0);
  const [axes, count] = [axesOf(call), axesCount(call)];
  const keeps = intAttribute(node, "keepdims", 1) === 1;
  if (axes && axes.length > 0) {
    const reduced = new Set(axes.map((axis) => axis < 0 && x ? axis + x.length : axis));
    if (!x || ![...reduced].every((axis) => axis in x)) return undefined;
    return keeps ? x.map((n, i) => reduced.has(i) ? 1 : n) : x.filter((_, i) => !reduced.has(i));
  }
  if (!x || keeps) return ranked(x?.length);
  if (count !== undefined && count > 0) return ranked(x.length - count);
  // Without axes all are reduced; unless none is, where the node says so.
  if (node.input[1] && count !== 0) return undefined;
  return intAttribute(node, "noop_with_empty_axes", 0) === 1 ? x : [];
}
