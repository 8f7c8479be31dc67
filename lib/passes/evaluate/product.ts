import { elementCount, type NumericType, type Tensor } from "../../tensor/tensor.ts";
import { isFloatType } from "./elementwise.ts";
import { broadcastDims, broadcastStrides, forEachPair } from "./strided.ts";
import { CannotEvaluate, required, type Workspace } from "./workspace.ts";

/** Most products of two numbers: a second or two of work. */
const MOST_PRODUCTS = 2 ** 30;

/** MatMul of tensors with one axis or more, such as the factors of a weight; in float64, rounded once. */
export function matMul(
  inputs: readonly (Tensor | undefined)[],
  workspace: Workspace,
): Tensor<NumericType> {
  const [a, b] = [required(inputs, 0), required(inputs, 1)];
  if (a.type !== b.type || !isFloatType(a.type)) {
    throw new CannotEvaluate(`${a.type} with ${b.type}`);
  }
  // A vector is a row on the left, a column on the right, and its axis of 1 is no axis of the result.
  const [isRow, isColumn] = [a.dims.length === 1, b.dims.length === 1];
  const [m, k] = isRow ? [1, ...a.dims] : a.dims.slice(-2);
  const [depth, n] = isColumn ? [...b.dims, 1] : b.dims.slice(-2);
  if (a.dims.length === 0 || b.dims.length === 0 || k !== depth) {
    throw new CannotEvaluate(`MatMul of [${a.dims.join(", ")}] and [${b.dims.join(", ")}]`);
  }
  const [outerA, outerB] = [a.dims.slice(0, -2), b.dims.slice(0, -2)];
  const outer = broadcastDims(outerA, outerB);
  if (elementCount(outer) * m! * k! * n! > MOST_PRODUCTS) {
    throw new CannotEvaluate("a product that takes long");
  }
  const y = workspace.allocate(a.type, [...outer, ...isRow ? [] : [m!], ...isColumn ? [] : [n!]]);
  const [left, right, to] = [a.data, b.data, y.data] as Float64Array[];
  const row = new Float64Array(n!);
  const [stepsA, stepsB] = [broadcastStrides(outerA, outer), broadcastStrides(outerB, outer)];
  forEachPair(outer, stepsA, stepsB, (block, offsetA, offsetB) => {
    for (let i = 0; i < m!; i++) {
      row.fill(0);
      for (let j = 0; j < k!; j++) {
        const x = left![(offsetA * m! + i) * k! + j]!;
        const from = (offsetB * k! + j) * n!;
        for (let c = 0; c < n!; c++) row[c]! += x * right![from + c]!;
      }
      to!.set(row, (block * m! + i) * n!);
    }
  });
  return y;
}
