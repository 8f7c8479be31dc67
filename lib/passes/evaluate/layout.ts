import { intAttribute, intsAttribute } from "../../onnx/node.ts";
import type { NodeProto } from "../../onnx/onnx_pb.ts";
import { elementCount, type NumericType, type Tensor } from "../../tensor/tensor.ts";
import { broadcastDims, broadcastStrides, copyStrided, strides } from "./strided.ts";
import { CannotEvaluate, integers, normalizeAxis, required, type Workspace } from "./workspace.ts";

type Inputs = readonly (Tensor | undefined)[];

/** Shape, with the `start` and `end` of opset 15. */
export function shape(node: NodeProto, inputs: Inputs, workspace: Workspace): Tensor {
  const { dims } = required(inputs, 0);
  const start = intAttribute(node, "start", 0);
  const end = intAttribute(node, "end", dims.length);
  const slice = dims.slice(start, end);
  const y = workspace.allocate("int64", [slice.length]);
  slice.forEach((dim, i) => y.data[i] = BigInt(dim));
  return y;
}

/** Size: the number of elements. */
export function size(inputs: Inputs, workspace: Workspace): Tensor {
  const y = workspace.allocate("int64", []);
  y.data[0] = BigInt(elementCount(required(inputs, 0).dims));
  return y;
}

/** Reshape: 0 copies a dimension unless `allowzero`, one -1 takes what is left. */
export function reshape(node: NodeProto, inputs: Inputs, workspace: Workspace): Tensor {
  const x = required(inputs, 0);
  const wanted = integers(inputs[1]);
  if (!wanted) throw new CannotEvaluate("Reshape without a shape");
  const copyZero = intAttribute(node, "allowzero", 0) === 0;
  const dims = wanted.map((dim, axis) => dim === 0 && copyZero ? x.dims[axis] ?? 0 : dim);
  const rest = dims.indexOf(-1);
  if (rest >= 0) {
    const others = elementCount(dims.filter((_, axis) => axis !== rest));
    dims[rest] = others === 0 ? 0 : elementCount(x.dims) / others;
  }
  if (!dims.every(isLength) || elementCount(dims) !== elementCount(x.dims)) {
    throw new CannotEvaluate(`Reshape of [${x.dims.join(", ")}] to [${wanted.join(", ")}]`);
  }
  return workspace.reshape(x, dims);
}

function isLength(dim: number): boolean {
  return Number.isSafeInteger(dim) && dim >= 0;
}

/** Flatten to two dimensions around `axis`. */
export function flatten(node: NodeProto, inputs: Inputs, workspace: Workspace): Tensor {
  const x = required(inputs, 0);
  const axis = intAttribute(node, "axis", 1);
  const split = axis < 0 ? axis + x.dims.length : axis;
  const dims = [elementCount(x.dims.slice(0, split)), elementCount(x.dims.slice(split))];
  return workspace.reshape(x, dims);
}

/** Axes of Squeeze and Unsqueeze: an input since opset 13, an attribute before. */
function axesOf(node: NodeProto, inputs: Inputs): readonly number[] | undefined {
  return integers(inputs[1]) ?? intsAttribute(node, "axes");
}

/** Squeeze: removes the given dimensions of 1, or all of them. */
export function squeeze(node: NodeProto, inputs: Inputs, workspace: Workspace): Tensor {
  const x = required(inputs, 0);
  const axes = axesOf(node, inputs)?.map((axis) => normalizeAxis(axis, x.dims.length));
  if (axes?.some((axis) => x.dims[axis] !== 1)) throw new CannotEvaluate("Squeeze of a long axis");
  const dims = x.dims.filter((dim, axis) => axes ? !axes.includes(axis) : dim !== 1);
  return workspace.reshape(x, dims);
}

/** Unsqueeze: inserts dimensions of 1 at the given places of the result. */
export function unsqueeze(node: NodeProto, inputs: Inputs, workspace: Workspace): Tensor {
  const x = required(inputs, 0);
  const wanted = axesOf(node, inputs);
  if (!wanted) throw new CannotEvaluate("Unsqueeze without axes");
  const rank = x.dims.length + wanted.length;
  const axes = new Set(wanted.map((axis) => normalizeAxis(axis, rank)));
  if (axes.size !== wanted.length) throw new CannotEvaluate("Unsqueeze of one axis twice");
  const rest = [...x.dims];
  const dims = Array.from({ length: rank }, (_, axis) => axes.has(axis) ? 1 : rest.shift()!);
  return workspace.reshape(x, dims);
}

/** Transpose; without `perm` the axes are reversed. */
export function transpose(node: NodeProto, inputs: Inputs, workspace: Workspace): Tensor {
  const x = required(inputs, 0);
  const perm = intsAttribute(node, "perm") ?? x.dims.map((_, axis) => x.dims.length - 1 - axis);
  if (perm.length !== x.dims.length) throw new CannotEvaluate("Transpose of another rank");
  const y = workspace.allocate(x.type, perm.map((axis) => x.dims[axis]!));
  const own = strides(x.dims);
  copyStrided(x, y, perm.map((axis) => own[axis]!));
  return y;
}

/** Expand: repeats as broadcasting with the given shape does. */
export function expand(inputs: Inputs, workspace: Workspace): Tensor {
  const x = required(inputs, 0);
  const dims = broadcastDims(x.dims, integers(inputs[1]) ?? []);
  const y = workspace.allocate(x.type, dims);
  copyStrided(x, y, broadcastStrides(x.dims, dims));
  return y;
}

/** Tile: the tensor `repeats` times along each axis. */
export function tile(inputs: Inputs, workspace: Workspace): Tensor {
  const x = required(inputs, 0);
  const repeats = integers(inputs[1]);
  if (repeats?.length !== x.dims.length) throw new CannotEvaluate("Tile of another rank");
  const y = workspace.allocate(x.type, x.dims.map((dim, axis) => dim * repeats[axis]!));
  const own = strides(x.dims);
  // Seen as [repeats[0], dims[0], repeats[1], dims[1], ...], only every other axis moves in x.
  const view = {
    ...y,
    dims: x.dims.flatMap((dim, axis) => [repeats[axis]!, dim]),
  };
  copyStrided(x, view, own.flatMap((step) => [0, step]));
  return y;
}

/** Concat along `axis`. */
export function concat(node: NodeProto, inputs: Inputs, workspace: Workspace): Tensor {
  const parts = inputs.map((_, index) => required(inputs, index));
  const [first] = parts;
  if (!first) throw new CannotEvaluate("Concat of nothing");
  const axis = normalizeAxis(intAttribute(node, "axis", 0), first.dims.length);
  const alike = parts.every((part) =>
    part.type === first.type && part.dims.length === first.dims.length &&
    part.dims.every((dim, i) => i === axis || dim === first.dims[i])
  );
  if (!alike) throw new CannotEvaluate("Concat of unlike tensors");
  const joined = parts.reduce((sum, part) => sum + part.dims[axis]!, 0);
  const dims = first.dims.map((dim, i) => i === axis ? joined : dim);
  const y = workspace.allocate(first.type, dims);
  const to = y.data as Float64Array; // one type on both sides, whichever it is
  const row = elementCount(dims.slice(axis));
  const rows = elementCount(dims.slice(0, axis));
  let start = 0;
  for (const part of parts) {
    const block = elementCount(part.dims.slice(axis));
    const from = part.data as Float64Array;
    for (let i = 0; i < rows; i++) {
      to.set(from.subarray(i * block, (i + 1) * block), start + i * row);
    }
    start += block;
  }
  return y;
}

/** Split along `axis`: into the given sizes (attribute, since opset 13 input), or equal parts. */
export function split(node: NodeProto, inputs: Inputs, workspace: Workspace): Tensor[] {
  const x = required(inputs, 0);
  const axis = normalizeAxis(intAttribute(node, "axis", 0), x.dims.length);
  const length = x.dims[axis]!;
  const parts = node.output.length;
  const even = Math.ceil(length / parts);
  const sizes = integers(inputs[1]) ?? intsAttribute(node, "split") ??
    Array.from({ length: parts }, (_, i) => Math.max(0, Math.min(even, length - i * even)));
  if (sizes.length !== parts || sizes.reduce((sum, n) => sum + n, 0) !== length) {
    throw new CannotEvaluate(`Split of ${length} into [${sizes.join(", ")}]`);
  }
  const own = strides(x.dims);
  let start = 0;
  return sizes.map((part) => {
    const y = workspace.allocate(x.type, x.dims.map((dim, i) => i === axis ? part : dim));
    copyStrided(x, y, own, start * own[axis]!);
    start += part;
    return y;
  });
}

/** Slice: bounds in attributes up to opset 9, in inputs with optional axes and steps after. */
export function sliceTensor(node: NodeProto, inputs: Inputs, workspace: Workspace): Tensor {
  const x = required(inputs, 0);
  const rank = x.dims.length;
  const starts = integers(inputs[1]) ?? intsAttribute(node, "starts");
  const ends = integers(inputs[2]) ?? intsAttribute(node, "ends");
  if (!starts || !ends) throw new CannotEvaluate("Slice without bounds");
  const axes = integers(inputs[3]) ?? intsAttribute(node, "axes") ?? starts.map((_, i) => i);
  const steps = integers(inputs[4]) ?? starts.map(() => 1);

  const dims = [...x.dims];
  const walk = strides(x.dims);
  let offset = 0;
  axes.forEach((given, i) => {
    const axis = normalizeAxis(given, rank);
    const length = x.dims[axis]!;
    const step = steps[i]!;
    if (step === 0) throw new CannotEvaluate("Slice by steps of 0");
    // Bounds count from the end when negative, then are cut to what a walk in this direction can
    // reach: going back, the element before the first is -1.
    const low = step > 0 ? 0 : -1;
    const high = step > 0 ? length : length - 1;
    const bound = (at: number) => Math.max(low, Math.min(high, at < 0 ? at + length : at));
    const start = bound(starts[i]!);
    dims[axis] = Math.max(0, Math.ceil((bound(ends[i]!) - start) / step));
    offset += start * walk[axis]!;
    walk[axis]! *= step;
  });
  const y = workspace.allocate(x.type, dims);
  copyStrided(x, y, walk, offset);
  return y;
}

/** Gather along `axis`; negative indices count from the end. */
export function gather(node: NodeProto, inputs: Inputs, workspace: Workspace): Tensor {
  const x = required(inputs, 0);
  const indices = integers(inputs[1]);
  if (!indices) throw new CannotEvaluate("Gather without indices");
  const axis = normalizeAxis(intAttribute(node, "axis", 0), x.dims.length);
  const block = elementCount(x.dims.slice(axis + 1));
  const outer = elementCount(x.dims.slice(0, axis));
  const length = x.dims[axis]!;
  const dims = [...x.dims.slice(0, axis), ...inputs[1]!.dims, ...x.dims.slice(axis + 1)];
  const y = workspace.allocate(x.type, dims);
  const [from, to] = [x.data, y.data] as Float64Array[];
  for (let i = 0; i < outer; i++) {
    indices.forEach((index, k) => {
      const start = (i * length + normalizeAxis(index, length)) * block;
      to!.set(from!.subarray(start, start + block), (i * indices.length + k) * block);
    });
  }
  return y;
}

/** ConstantOfShape: one value (float32 0 by default) in the given shape. */
export function constantOfShape(
  value: Tensor<NumericType> | undefined,
  inputs: Inputs,
  workspace: Workspace,
): Tensor {
  const dims = integers(inputs[0]);
  if (!dims) throw new CannotEvaluate("ConstantOfShape without a shape");
  const y = workspace.allocate(value?.type ?? "float32", dims);
  if (value) (y.data as Float64Array).fill(value.data[0] as number);
  return y;
}

/** Range from a start up to, without, a limit. */
export function range(inputs: Inputs, workspace: Workspace): Tensor {
  const [start, limit, step] = [0, 1, 2].map((index) => required(inputs, index));
  const { type } = start!;
  if (limit!.type !== type || step!.type !== type || type === "bfloat16" || type === "bool") {
    throw new CannotEvaluate("Range of mixed types");
  }
  const [first, last, by] = [start!, limit!, step!].map((tensor) => Number(tensor.data[0]));
  const y = workspace.allocate(type, [Math.max(0, Math.ceil((last! - first!) / by!))]);
  for (let i = 0; i < y.data.length; i++) {
    const value = first! + i * by!;
    if (type === "int64" || type === "uint64") (y.data as BigInt64Array)[i] = BigInt(value);
    else (y.data as Float64Array)[i] = value;
  }
  return y;
}
