import { intAttribute, intsAttribute, withAttributes } from "../onnx/node.ts";
import { type NodeProto, TensorProto_DataType as DataType } from "../onnx/onnx_pb.ts";
import type { FastForm, FormFacts } from "./fast_form.ts";
import type { NodeWriter } from "./replacement.ts";

/** Elements from which on a OneHot is faster as six nodes, most of them over its indices alone. */
const ENOUGH_FOR_ONE_HOT = 16_384;

/** Elements in a row, from which on a Tile copies as fast as memory allows. */
const LONG_ROW = 64;

/**
 * Operators of which the runtime has a general kernel that goes element by element, and a fast one for another
 * shape of the same values.
 */
export const FAST_MOVES: readonly FastForm[] = [
  { word: "identical", opTypes: ["ConvTranspose"], match: matchConvTranspose },
  { word: "identical", opTypes: ["Tile"], match: matchTile },
  { word: "identical", opTypes: ["OneHot"], match: matchOneHot },
];

/** In 1d, as one of a single row in 2d: what its taps give is summed up in a third to nine tenths of the time. */
function matchConvTranspose(node: NodeProto, facts: FormFacts) {
  const [x = "", weight = "", ...bias] = node.input;
  if (!facts.isFloat32(x) || (facts.rank(x) ?? facts.rank(weight)) !== 3) return undefined;
  const lists = ["kernel_shape", "strides", "dilations", "output_padding", "output_shape"];
  const before = (name: string, first: number): [string, number[] | undefined] => {
    const list = intsAttribute(node, name);
    return [name, list && [first, ...list]];
  };
  const pads = intsAttribute(node, "pads");
  const attributes = {
    ...Object.fromEntries(lists.map((name) => before(name, name === "output_padding" ? 0 : 1))),
    pads: pads && [0, pads[0]!, 0, pads[1]!],
  };
  return (write: NodeWriter) => {
    const row = write.int64([2]);
    const inputs = [x, weight].map((name) => write.add("Unsqueeze", [name, row]));
    const y = write.again(withAttributes(node, attributes), [...inputs, ...bias]);
    return write.add("Squeeze", [y, row]);
  };
}

/** A Tile that repeats axes of one element is an Expand. */
function matchTile({ input: [x = "", repeats] }: NodeProto, facts: FormFacts) {
  const times = facts.integers(repeats);
  const isOne = times?.map((_, axis) => facts.fixedLength(x, axis) === 1);
  if (!times || times.some((n, axis) => n < 1 || (n > 1 && !isOne![axis]))) return undefined;
  const last = times.findLastIndex((n) => n > 1);
  const row = times.slice(last + 1).reduce(
    (n, _, i) => n * (facts.lengths(x)?.[last + 1 + i] ?? 1),
    1,
  );
  if (last < 0 || row >= LONG_ROW) return undefined;
  return (write: NodeWriter) => write.add("Expand", [x, write.int64(times)]);
}

/** Of zeros and ones along the last axis: which of all numbers equals the index, negative ones from the end. */
function matchOneHot(node: NodeProto, facts: FormFacts) {
  const [indices = "", depth, values] = node.input;
  const count = facts.integers(depth)?.[0];
  if (count === undefined || facts.floats(values)?.data.join() !== "0,1") return undefined;
  if (intAttribute(node, "axis", -1) !== -1) return undefined;
  if (facts.size(indices) * count < ENOUGH_FOR_ONE_HOT) return undefined;
  return (write: NodeWriter) => {
    const int32 = (base: string, dims: number[], data: readonly number[]) =>
      write.weight("one_hot", base, () => ({ type: "int32", dims, data: Int32Array.from(data) }));
    const given = write.add("Cast", [indices], { to: DataType.INT32 });
    const all = int32(`depth_${count}`, [], [count]);
    const isNegative = write.add("Less", [given, int32("zero", [], [0])]);
    const index = write.add("Where", [isNegative, write.add("Add", [given, all]), given]);
    const each = int32(`up_to_${count}`, [count], Array.from({ length: count }, (_, i) => i));
    const equal = write.add("Equal", [write.add("Unsqueeze", [index, write.int64([-1])]), each]);
    return write.add("Cast", [equal], { to: DataType.FLOAT });
  };
}
