import { lookUp } from "../../look_up.ts";
import { intAttribute, intsAttribute } from "../../onnx/node.ts";
import type { NodeProto } from "../../onnx/onnx_pb.ts";
import type { NumericType, Tensor } from "../../tensor/tensor.ts";
import { computable, isBig, storable } from "./elementwise.ts";
import { broadcastStrides, forEachOffset } from "./strided.ts";
import { CannotEvaluate, integers, normalizeAxis, required, type Workspace } from "./workspace.ts";

/** How numbers become one: folded one by one from a start, then finished. */
interface Reduction {
  readonly start: number;
  readonly add: (sum: number, x: number) => number;
  readonly finish?: (sum: number, count: number) => number;
}

const sum = (total: number, x: number) => total + x;
const squares = (total: number, x: number) => total + x * x;

const REDUCTIONS: Readonly<Record<string, Reduction>> = {
  ReduceL1: { start: 0, add: (total, x) => total + Math.abs(x) },
  ReduceL2: { start: 0, add: squares, finish: Math.sqrt },
  ReduceLogSum: { start: 0, add: sum, finish: Math.log },
  ReduceMax: { start: -Infinity, add: Math.max },
  ReduceMean: { start: 0, add: sum, finish: (total, count) => total / count },
  ReduceMin: { start: Infinity, add: Math.min },
  ReduceProd: { start: 1, add: (product, x) => product * x },
  ReduceSum: { start: 0, add: sum },
  ReduceSumSquare: { start: 0, add: squares },
};

/** Operators that {@linkcode reduce} knows. */
export const REDUCING: readonly string[] = Object.keys(REDUCTIONS);

/**
 * A reduction over axes (an attribute, later an input; all where they are left out), summed up in float64
 * and rounded once.
 */
export function reduce(
  node: NodeProto,
  inputs: readonly (Tensor | undefined)[],
  workspace: Workspace,
): Tensor<NumericType> {
  const { start, add, finish } = lookUp(REDUCTIONS, node.opType)!;
  const x = required(inputs, 0);
  computable(x);
  const given = integers(inputs[1]) ?? intsAttribute(node, "axes") ?? [];
  if (given.length === 0 && intAttribute(node, "noop_with_empty_axes", 0) !== 0) {
    throw new CannotEvaluate(`${node.opType} over no axis`);
  }
  const axes = new Set(given.map((axis) => normalizeAxis(axis, x.dims.length)));
  const isReduced = (axis: number) => axes.size === 0 || axes.has(axis);
  const kept = x.dims.map((dim, axis) => isReduced(axis) ? 1 : dim);
  const keepDims = intAttribute(node, "keepdims", 1) !== 0;
  const y = workspace.allocate(x.type, keepDims ? kept : x.dims.filter((_, i) => !isReduced(i)));
  const count = x.data.length / y.data.length;
  if (!(count >= 1)) throw new CannotEvaluate(`${node.opType} of nothing`);
  const totals = new Float64Array(y.data.length).fill(start);
  forEachOffset(x.dims, broadcastStrides(kept, x.dims), (i, offset) => {
    totals[offset] = add(totals[offset]!, Number(x.data[i]!));
  });
  totals.forEach((total, i) => {
    const value = storable(finish ? finish(total, count) : total, x.type);
    if (isBig(x.type)) (y.data as BigInt64Array)[i] = BigInt(storable(value, "int32"));
    else (y.data as Float64Array)[i] = value;
  });
  return y;
}
