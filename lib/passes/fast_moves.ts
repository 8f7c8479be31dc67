import { intAttribute, intsAttribute, stringAttribute, withAttributes } from "../onnx/node.ts";
import { type NodeProto, TensorProto_DataType as DataType } from "../onnx/onnx_pb.ts";
import type { FastForm, FormFacts } from "./fast_form.ts";
import type { NodeWriter } from "./replacement.ts";
import { joinsQuantize } from "./runtime_fusions.ts";

/** Elements from which on a OneHot is faster as six nodes, most of them over its indices alone. */
const ENOUGH_FOR_ONE_HOT = 16_384;

/** Elements from which on two Transposes are faster than a DepthToSpace. */
const ENOUGH_FOR_BLOCKS = 8192;

/** Elements in a row, from which on a Tile copies as fast as memory allows. */
const LONG_ROW = 64;

/**
 * Operators of which the runtime has a general kernel that goes element by element, and a fast one for another
 * shape of the same values. Kernel facts conv-transpose-1d, tile-of-one-element, depth-to-space,
 * rows-of-a-table, one-hot.
 */
export const FAST_MOVES: readonly FastForm[] = [
  { word: "identical", opTypes: ["ConvTranspose"], match: matchConvTranspose },
  { word: "identical", opTypes: ["Tile"], match: matchTile },
  { word: "identical", opTypes: ["DepthToSpace"], match: matchDepthToSpace },
  { word: "exact", opTypes: ["MatMul"], match: matchRowsOfTable },
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

/**
 * As two Transposes, of columns into blocks and of rows of blocks into maps. A Reshape between them keeps
 * the runtime from making one of them, which takes as long as the operator.
 */
function matchDepthToSpace(node: NodeProto, facts: FormFacts) {
  const [x = ""] = node.input;
  const block = intAttribute(node, "blocksize", 1);
  if (!facts.isFloat32(x) || facts.size(x) < ENOUGH_FOR_BLOCKS) return undefined;
  if (facts.maker(x, "DequantizeLinear") && joinsQuantize(node, facts)) return undefined;
  const [depth, width] = [facts.fixedLength(x, 1), facts.fixedLength(x, 3)];
  if (depth === undefined || width === undefined) return undefined;
  const channels = depth / block ** 2;
  const areBlocksFirst = stringAttribute(node, "mode", "DCR") === "DCR";
  return (write: NodeWriter) => {
    const apart = write.reshape(x, [0, areBlocksFirst ? block : channels * block, block, -1]);
    const columns = write.add("Transpose", [apart], { perm: [0, 1, 3, 2] });
    const lengths = areBlocksFirst ? [0, block, -1] : [0, channels, block, -1];
    const perm = areBlocksFirst ? [0, 2, 1, 3] : [0, 1, 3, 2, 4];
    const rows = write.reshape(columns, [...lengths, block * width]);
    return write.reshape(write.add("Transpose", [rows], { perm }), [
      ...[0, channels, -1, block * width],
    ]);
  };
}

/** A OneHot times a table: rows of the table, and zeros for indices that are out of range. */
function matchRowsOfTable({ input: [x = "", table = ""] }: NodeProto, facts: FormFacts) {
  const oneHot = facts.maker(x, "OneHot");
  const rows = facts.floats(table);
  const read = oneHot && facts.isReadOnce(x) ? readOneHot(oneHot, facts) : undefined;
  if (!read || rows?.dims.length !== 2 || rows.dims[0] !== read.count) return undefined;
  if (!rows.data.every(Number.isFinite)) return undefined;
  const { count, indices } = read;
  const width = rows.dims[1]!;
  return (write: NodeWriter) => {
    const { index, all } = fromTheFront(indices, count, write);
    const isNegative = write.add("Less", [index, oneHotNumber("zero", 0, write)]);
    const row = write.add("Where", [isNegative, all, write.add("Min", [index, all])]);
    const withZeros = write.weight(table, "and_zeros", () => {
      const data = new Float32Array((count + 1) * width);
      data.set(rows.data);
      return { type: "float32", dims: [count + 1, width], data };
    });
    return write.add("Gather", [withZeros, row], { axis: 0 });
  };
}

/** Of zeros and ones along the last axis: which of all numbers equals the index, negative ones from the end. */
function matchOneHot(node: NodeProto, facts: FormFacts) {
  const read = readOneHot(node, facts);
  if (!read || facts.size(read.indices) * read.count < ENOUGH_FOR_ONE_HOT) return undefined;
  const { indices, count } = read;
  return (write: NodeWriter) => {
    const { index } = fromTheFront(indices, count, write);
    const each = write.weight("one_hot", `up_to_${count}`, () => {
      return {
        type: "int32",
        dims: [count],
        data: Int32Array.from({ length: count }, (_, i) => i),
      };
    });
    const equal = write.add("Equal", [write.add("Unsqueeze", [index, write.int64([-1])]), each]);
    return write.add("Cast", [equal], { to: DataType.FLOAT });
  };
}

/** What a OneHot of zeros and ones along the last axis reads; undefined if it is another one. */
function readOneHot(node: NodeProto, facts: FormFacts) {
  const [indices = "", depth, values] = node.input;
  const count = facts.integers(depth)?.[0];
  if (count === undefined || facts.floats(values)?.data.join() !== "0,1") return undefined;
  return intAttribute(node, "axis", -1) === -1 ? { indices, count } : undefined;
}

/** Indices as int32, those from the end as from the front, and how many there may be. */
function fromTheFront(indices: string, count: number, write: NodeWriter) {
  const given = write.add("Cast", [indices], { to: DataType.INT32 });
  const all = oneHotNumber(`depth_${count}`, count, write);
  const isNegative = write.add("Less", [given, oneHotNumber("zero", 0, write)]);
  const index = write.add("Where", [isNegative, write.add("Add", [given, all]), given]);
  return { index, all };
}

function oneHotNumber(called: string, value: number, write: NodeWriter): string {
  return write.weight("one_hot", called, () => {
    return { type: "int32", dims: [], data: Int32Array.of(value) };
  });
}
