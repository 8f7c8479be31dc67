import { isStandard } from "../onnx/node.ts";
import type { NodeProto, TensorProto } from "../onnx/onnx_pb.ts";
import { readIntegers } from "../onnx/read_integers.ts";
import type { ValueShape } from "../onnx/shape_map.ts";

/** What a Slice takes: along one axis, from `begin` up to `end`, each in turn. */
export interface ReadSlice {
  readonly axis: number;
  readonly begin: number;
  readonly end: number;
}

/**
 * Reads a Slice (opset 10 or later) with constant bounds that cut along one axis alone, of known length.
 *
 * @param shape Shape of what it cuts, with the dimensions that are still open.
 * @returns Undefined for any other node.
 */
export function readSlice(
  node: NodeProto,
  shape: ValueShape | undefined,
  constants: ReadonlyMap<string, TensorProto>,
): ReadSlice | undefined {
  if (node.opType !== "Slice" || !isStandard(node)) return undefined;
  const [, ...rest] = node.input;
  const bounds = rest.map((name) => name ? readIntegers(constants.get(name)) : []);
  const [starts, ends, axes = [], steps = []] = bounds;
  // What is computed reads as undefined.
  if (!shape || bounds.includes(undefined) || starts?.length !== 1 || ends?.length !== 1) {
    return undefined;
  }
  const [along = 0] = axes;
  const axis = along < 0 ? along + shape.dims.length : along;
  if ((steps[0] ?? 1) !== 1 || shape.depends[axis]!.length > 0) return undefined;
  const length = shape.dims[axis]!;
  const place = (at: number) => Math.min(length, Math.max(0, at < 0 ? at + length : at));
  const [begin, end] = [place(starts[0]!), place(ends[0]!)];
  return begin < end ? { axis, begin, end } : undefined;
}
