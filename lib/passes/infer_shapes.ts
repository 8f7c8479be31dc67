import { intAttribute, intsAttribute, isStandard } from "../onnx/node.ts";
import type { GraphProto, NodeProto, TensorProto } from "../onnx/onnx_pb.ts";
import { dimsOf, elementType } from "../onnx/tensor_proto.ts";
import { elementCount } from "../tensor/tensor.ts";
import { readIntegers } from "../onnx/read_integers.ts";
import { readSlice } from "./read_slice.ts";
import type { ShapeMap, ValueShape } from "../onnx/shape_map.ts";
import { windowOf } from "../onnx/pool_window.ts";

/** Operators that work on each element, of one tensor or several that broadcast. */
export const ELEMENTWISE: ReadonlySet<string> = new Set(
  ("Abs Add Ceil Celu Clip Div Elu Erf Exp Floor Gelu HardSigmoid HardSwish Identity LeakyRelu Log " +
    "Max Mean Min Mish Mul Neg Pow Reciprocal Relu Round Selu Sigmoid Sign Softplus Softsign Sqrt " +
    "Sub Sum Tanh ThresholdedRelu").split(" "),
);

/**
 * Adds the shapes of values that a rewrite has made and no sample has shown, as far as they follow from
 * the known ones: through the operators that rewrites write, and what stands between them.
 *
 * @param constants Constants that the graph can read.
 */
export function inferShapes(
  graph: GraphProto,
  shapes: ShapeMap,
  constants: ReadonlyMap<string, TensorProto>,
): ShapeMap {
  const more = new Map<string, ValueShape>();
  for (const [name, tensor] of constants) {
    if (shapes.get(name)) continue;
    const dims = dimsOf(tensor);
    more.set(name, { type: elementType(tensor.dataType), dims, depends: dims.map(() => []) });
  }
  const known = (name: string | undefined) => more.get(name ?? "") ?? shapes.get(name);
  for (const node of graph.node) {
    if (node.output.every(known) || !isStandard(node)) continue;
    const inputs = node.input.map(known);
    const [x] = inputs;
    if (!x) continue;
    const call = { node, x, inputs, constants };
    const inferred = node.opType === "Split" ? split(call) : [RULES.get(node.opType)?.(call)];
    inferred.forEach((axes, i) => {
      const output = node.output[i]!;
      if (axes && !known(output)) more.set(output, { type: x.type, ...axes });
    });
  }
  return more.size > 0 ? shapes.with(more) : shapes;
}

/** With a type where it is not that of the first input. */
type Axes = Omit<ValueShape, "type"> & Pick<Partial<ValueShape>, "type">;

/** A node, and what is known of its inputs. */
interface Call {
  readonly node: NodeProto;
  /** Shape of its first input. */
  readonly x: ValueShape;
  readonly inputs: readonly (ValueShape | undefined)[];
  /** Constants that the graph can read. */
  readonly constants: ReadonlyMap<string, TensorProto>;
}

/** The shape of the first output of a node, or the only one; undefined where it does not follow. */
type Rule = (call: Call) => Axes | undefined;

const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ...Array.from(ELEMENTWISE, (opType) => [opType, elementwise] as const),
  ...Object.entries<Rule>({
    AveragePool: pool,
    Cast: ({ node, x }) => ({ ...x, type: elementType(intAttribute(node, "to", 0)) }),
    Clip: ({ x }) => broadcast([x]),
    Concat: concat,
    Conv: conv,
    DequantizeLinear: ({ x, inputs: [, scale] }) => ({ ...x, type: scale?.type }),
    Gather: gather,
    Gemm: (call) => call.x.dims.length === 2 ? matMul(call) : undefined,
    MatMul: matMul,
    MaxPool: pool,
    Pad: pad,
    Reshape: ({ node, x, constants }) => {
      const wanted = readIntegers(constants.get(node.input[1] ?? ""));
      return wanted && reshape(x, wanted, intAttribute(node, "allowzero", 0) === 0);
    },
    Slice: ({ node, x, constants }) => {
      const slice = readSlice(node, x, constants);
      return slice && { ...x, dims: x.dims.with(slice.axis, slice.end - slice.begin) };
    },
    Transpose: ({ node, x }) => {
      const rank = x.dims.length;
      return pick(x, intsAttribute(node, "perm") ?? x.dims.map((_, i) => rank - 1 - i));
    },
  }),
]);

function elementwise({ inputs }: Call): Axes | undefined {
  return inputs.every((one) => one !== undefined) ? broadcast(inputs) : undefined;
}

function concat({ node, x, inputs }: Call): Axes | undefined {
  if (!inputs.every((one) => one !== undefined)) return undefined;
  const axis = axisOf(node, x);
  const sum = inputs.reduce((total, { dims }) => total + dims[axis]!, 0);
  return {
    dims: x.dims.with(axis, sum),
    depends: x.depends.map((_, i) => union(inputs.map(({ depends }) => depends[i]!))),
  };
}

/** One shape for each output. */
function split({ node, x, constants }: Call): Axes[] {
  const lengths = readIntegers(constants.get(node.input[1] ?? "")) ?? [];
  const axis = axisOf(node, x);
  return lengths.map((length) => ({
    dims: x.dims.with(axis, length),
    depends: x.depends.with(axis, []),
  }));
}

function gather({ node, x, inputs: [, indices] }: Call): Axes | undefined {
  if (!indices) return undefined;
  const axis = axisOf(node, x);
  return {
    dims: x.dims.toSpliced(axis, 1, ...indices.dims),
    depends: x.depends.toSpliced(axis, 1, ...indices.depends),
  };
}

function axisOf(node: NodeProto, { dims }: Axes): number {
  const axis = intAttribute(node, "axis", 0);
  return axis < 0 ? axis + dims.length : axis;
}

function pad({ node, x, constants }: Call): Axes | undefined {
  const pads = readIntegers(constants.get(node.input[1] ?? ""));
  if (!pads || node.input[3]) return undefined; // input 3: the axes that it pads
  const rank = x.dims.length;
  return { ...x, dims: x.dims.map((n, i) => n + pads[i]! + pads[rank + i]!) };
}

/** By one matrix for all of a batch. */
function matMul({ node, x, inputs: [, w] }: Call): Axes | undefined {
  if (w && w.dims.length > 2 && x.dims.length > 1) {
    const { dims, depends } = broadcast([x, w].map((one) => pick(one, batchAxes(one))));
    return {
      dims: [...dims, x.dims.at(-2)!, w.dims.at(-1)!],
      depends: [...depends, x.depends.at(-2)!, w.depends.at(-1)!],
    };
  }
  if (w?.dims.length !== 2 || intAttribute(node, "transA", 0) !== 0) return undefined;
  const columns = intAttribute(node, "transB", 0) === 1 ? 0 : 1;
  return {
    dims: x.dims.with(-1, w.dims[columns]!),
    depends: x.depends.with(-1, w.depends[columns]!),
  };
}

/** All axes but those of the matrices. */
function batchAxes({ dims }: Axes): number[] {
  return dims.slice(0, -2).map((_, axis) => axis);
}

function conv({ node, x, inputs: [, w] }: Call): Axes | undefined {
  const window = w && windowOf(node, x.dims.slice(2), w.dims.slice(2));
  if (!window) return undefined;
  return { dims: [x.dims[0]!, w.dims[0]!, ...window.output], depends: x.depends.with(1, []) };
}

function pool({ node, x }: Call): Axes | undefined {
  const window = windowOf(node, x.dims.slice(2), undefined);
  return window && { ...x, dims: [x.dims[0]!, x.dims[1]!, ...window.output] };
}

function pick({ dims, depends }: Axes, axes: readonly number[]): Axes {
  return { dims: axes.map((i) => dims[i]!), depends: axes.map((i) => depends[i]!) };
}

function broadcast(operands: readonly Axes[]): Axes {
  const rank = Math.max(...operands.map(({ dims }) => dims.length));
  const axes = Array.from({ length: rank }, (_, i) => rank - i);
  return {
    dims: axes.map((fromEnd) => Math.max(...operands.map(({ dims }) => dims.at(-fromEnd) ?? 1))),
    depends: axes.map((fromEnd) =>
      union(operands.map(({ depends }) => depends.at(-fromEnd) ?? []))
    ),
  };
}

function reshape(x: Axes, wanted: readonly number[], copyZero: boolean): Axes | undefined {
  const all = union(x.depends);
  const copies = wanted.map((n) => n === 0 && copyZero);
  const dims = wanted.map((n, i) => copies[i] ? x.dims[i] ?? 0 : n);
  const depends = wanted.map((n, i) => copies[i] ? x.depends[i] ?? [] : n === -1 ? all : []);
  const rest = dims.indexOf(-1);
  if (rest >= 0) dims[rest] = elementCount(x.dims) / elementCount(dims.with(rest, 1));
  return elementCount(dims) === elementCount(x.dims) ? { dims, depends } : undefined;
}

function union(lists: readonly (readonly string[])[]): string[] {
  return [...new Set(lists.flat())];
}
