import { isStandard } from "../onnx/node.ts";
import type { NodeProto, TensorProto } from "../onnx/onnx_pb.ts";
import { byteLengthOf, makeTensorProto, readTensorProto } from "../onnx/tensor_proto.ts";
import { evaluateNode } from "../passes/evaluate/evaluate_node.ts";
import { elementCount, type Tensor } from "../tensor/tensor.ts";

/** How a weight comes from a stored constant by nodes that do no more than move its elements. */
export interface WeightLayout {
  /** Name of the constant. */
  readonly root: string;
  /** The nodes, from the constant on; each reads what the one before gives as its first input. */
  readonly steps: readonly LayoutStep[];
}

/** A node, and which of its outputs it is of. */
export interface LayoutStep {
  readonly node: NodeProto;
  readonly output: number;
}

/** Operators that move elements, drop or repeat them, and make no new ones. */
const MOVING: ReadonlySet<string> = new Set([
  "Flatten",
  "Gather",
  "Identity",
  "Reshape",
  "Slice",
  "Split",
  "Squeeze",
  "Transpose",
  "Unsqueeze",
]);

/** How many times as large as the constant what is made of it may be: nodes should not be bombs. */
const MOST_GROWTH = 16;

/**
 * Follows a value back to the constant that nodes lay it out from. Undefined if it is a constant
 * itself, or more than a constant laid out anew.
 */
export function layoutOf(
  name: string,
  makers: ReadonlyMap<string, NodeProto>,
  isStored: (name: string) => boolean,
): WeightLayout | undefined {
  const steps: LayoutStep[] = [];
  let root = name;
  for (let node = makers.get(root); node && !isStored(root); node = makers.get(root)) {
    const [from = "", ...parameters] = node.input;
    const moves = isStandard(node) && MOVING.has(node.opType);
    if (!moves || !parameters.every((parameter) => parameter === "" || isStored(parameter))) {
      return undefined;
    }
    steps.unshift({ node, output: node.output.indexOf(root) });
    root = from;
  }
  return steps.length > 0 && isStored(root) ? { root, steps } : undefined;
}

/** A tensor in the place of the constant, laid out. Undefined for what cannot be computed ahead. */
function layOut(
  tensor: Tensor,
  { steps }: WeightLayout,
  constant: (name: string) => TensorProto | undefined,
): Tensor | undefined {
  const most = MOST_GROWTH * (8 * elementCount(tensor.dims) + 1024);
  return steps.reduce<Tensor | undefined>((from, { node, output }) => {
    const parameters = node.input.slice(1).map((name) => {
      const stored = constant(name);
      return stored && readTensorProto(stored);
    });
    return from && evaluateNode(node, [from, ...parameters], most)?.[output];
  }, tensor);
}

/** The laid-out constant under the name of the value. */
export function laidOutConstant(
  name: string,
  layout: WeightLayout,
  constant: (name: string) => TensorProto | undefined,
): TensorProto | undefined {
  const stored = constant(layout.root);
  if (!stored || byteLengthOf(stored) === 0) return undefined;
  const tensor = layOut(readTensorProto(stored), layout, constant);
  return tensor && makeTensorProto(name, tensor);
}

/** Channels of a laid-out weight, and those of the constant that their elements come from. */
export interface ChannelMap {
  /** Axis of the constant. */
  readonly axis: number;
  /** For each index along the laid-out axis, the index along that of the constant. */
  readonly from: Int32Array;
}

/**
 * Finds the axis of the constant whose channels stay together: each channel along `axis` of the
 * laid-out weight then takes its elements from one of them, whose scale it can have.
 *
 * @param dims Shape of the constant.
 */
export function channelMap(
  layout: WeightLayout,
  dims: readonly number[],
  axis: number,
  constant: (name: string) => TensorProto | undefined,
): ChannelMap | undefined {
  for (let rootAxis = dims.length - 1; rootAxis >= 0; rootAxis--) {
    const indices = layOut(indicesAlong(dims, rootAxis), layout, constant);
    const from = indices && constantAlong(indices as Tensor<"int32">, axis);
    if (from) return { axis: rootAxis, from };
  }
  return undefined;
}

/** A tensor that says of each of its elements how far along an axis it lies. */
function indicesAlong(dims: readonly number[], axis: number): Tensor<"int32"> {
  const stride = elementCount(dims.slice(axis + 1));
  const length = dims[axis]!;
  const data = new Int32Array(elementCount(dims));
  for (let i = 0; i < data.length; i++) data[i] = Math.floor(i / stride) % length;
  return { type: "int32", dims, data };
}

/** The value that all elements of each slice along an axis share; undefined if some differ. */
function constantAlong({ dims, data }: Tensor<"int32">, axis: number): Int32Array | undefined {
  const stride = elementCount(dims.slice(axis + 1));
  const length = dims[axis]!;
  const shared = new Int32Array(length).fill(-1);
  for (let i = 0; i < data.length; i++) {
    const slice = Math.floor(i / stride) % length;
    if (shared[slice] === -1) shared[slice] = data[i]!;
    else if (shared[slice] !== data[i]) return undefined;
  }
  return shared;
}
