import { intAttribute, intsAttribute, isStandard } from "../onnx/node.ts";
import type { GraphProto, NodeProto, TensorProto } from "../onnx/onnx_pb.ts";
import { dimsOf, elementType } from "../onnx/tensor_proto.ts";
import { elementCount } from "../tensor/tensor.ts";
import { readIntegers } from "./read_integers.ts";
import { readSlice } from "./read_slice.ts";
import type { ShapeMap, ValueShape } from "../onnx/shape_map.ts";
import { windowOf } from "./pool_window.ts";

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
    const [output = ""] = node.output;
    if (known(output) || !isStandard(node)) continue;
    const inferred = infer(node, known, constants);
    const [first] = node.input;
    if (inferred) more.set(output, { type: known(first)?.type, ...inferred });
  }
  return more.size > 0 ? shapes.with(more) : shapes;
}

type Axes = Pick<ValueShape, "dims" | "depends">;

function infer(
  node: NodeProto,
  known: (name: string | undefined) => ValueShape | undefined,
  constants: ReadonlyMap<string, TensorProto>,
): Axes | undefined {
  const inputs = node.input.map(known);
  const [x] = inputs;
  if (!x) return undefined;
  const integers = (index: number) => readIntegers(constants.get(node.input[index] ?? ""));
  const { opType } = node;
  if (ELEMENTWISE.has(opType)) {
    const operands = opType === "Clip" ? [x] : inputs;
    return operands.every((one) => one !== undefined) ? broadcast(operands) : undefined;
  }
  switch (opType) {
    case "Transpose": {
      const perm = intsAttribute(node, "perm") ?? x.dims.map((_, i) => x.dims.length - 1 - i);
      return pick(x, perm);
    }
    case "Reshape": {
      const wanted = integers(1);
      return wanted && reshape(x, wanted, intAttribute(node, "allowzero", 0) === 0);
    }
    case "Pad": {
      const pads = integers(1);
      if (!pads || node.input[3]) return undefined;
      const rank = x.dims.length;
      return { ...x, dims: x.dims.map((n, i) => n + pads[i]! + pads[rank + i]!) };
    }
    case "Gather": {
      const indices = inputs[1];
      if (!indices) return undefined;
      const axis = intAttribute(node, "axis", 0);
      const at = axis < 0 ? axis + x.dims.length : axis;
      return {
        dims: x.dims.toSpliced(at, 1, ...indices.dims),
        depends: x.depends.toSpliced(at, 1, ...indices.depends),
      };
    }
    case "Slice": {
      const slice = readSlice(node, x, constants);
      return slice && { ...x, dims: x.dims.with(slice.axis, slice.end - slice.begin) };
    }
    case "Concat": {
      if (!inputs.every((one) => one !== undefined)) return undefined;
      const axis = intAttribute(node, "axis", 0);
      const at = axis < 0 ? axis + x.dims.length : axis;
      const sum = inputs.reduce((total, { dims }) => total + dims[at]!, 0);
      return {
        dims: x.dims.with(at, sum),
        depends: x.depends.map((_, i) => union(inputs.map(({ depends }) => depends[i]!))),
      };
    }
    case "Gemm":
    case "MatMul": {
      const w = inputs[1];
      const plain = w && w.dims.length === 2 && intAttribute(node, "transA", 0) === 0;
      if (!plain || (opType === "Gemm" && x.dims.length !== 2)) return undefined;
      const transposed = intAttribute(node, "transB", 0) === 1 ? 0 : 1;
      return {
        dims: x.dims.with(-1, w.dims[transposed]!),
        depends: x.depends.with(-1, w.depends[transposed]!),
      };
    }
    case "Conv":
    case "AveragePool":
    case "MaxPool": {
      const w = inputs[1];
      const conv = opType === "Conv";
      if (conv && !w) return undefined;
      const window = windowOf(node, x.dims.slice(2), conv ? w!.dims.slice(2) : undefined);
      if (!window) return undefined;
      return {
        dims: [x.dims[0]!, conv ? w!.dims[0]! : x.dims[1]!, ...window.output],
        depends: conv ? x.depends.with(1, []) : x.depends,
      };
    }
  }
  return undefined;
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
