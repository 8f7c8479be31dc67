import { stringAttribute } from "../onnx/node.ts";
import type { GraphProto, TensorProto } from "../onnx/onnx_pb.ts";
import { dimsOf } from "../onnx/tensor_proto.ts";
import { elementCount } from "../tensor/tensor.ts";
import { readIntegers } from "../onnx/read_integers.ts";
import { type PassContext, rootContext } from "./pass.ts";
import { replaceKnown } from "./replace_known.ts";
import type { RewriteOptions } from "./replacement.ts";
import type { ShapeMap } from "../onnx/shape_map.ts";

/**
 * Writes a ScatterND that overwrites one stretch of a tensor, as PyTorch exports `cache[:, 2:4] = x`,
 * as a Concat of what stays before it, what is new, and what stays behind. The ScatterND finds the place
 * of every element in a list; the Concat copies in long runs (a twentieth of the time for 16x10x33
 * elements with an index each; kernel fact scatter-of-a-stretch).
 *
 * Its indices are constants, so the lengths of the axes that they run along are fixed to those of the
 * sample. The same bits. Opset 13 or later.
 */
export function scatterToConcat(
  graph: GraphProto,
  shapes: ShapeMap,
  options: RewriteOptions = {},
  context: PassContext = rootContext(graph),
): GraphProto {
  return replaceKnown(graph, ["ScatterND"], shapes, options, context, (node, write, here) => {
    const { known, constants } = here;
    if (stringAttribute(node, "reduction", "none") !== "none") return undefined;
    const [data = "", indices = "", updates = ""] = node.input;
    const shape = known.get(data);
    const box = shape && readBox(constants.get(indices), shape.dims);
    if (!box) return undefined;
    const cut = box.flatMap(({ begin, end }, axis) =>
      begin > 0 || end < shape.dims[axis]! ? [axis] : []
    );
    if (cut.length > 1 || !known.fix(data, box.map((_, axis) => axis))) return undefined;
    // One of the axes that the indices leave alone may be open.
    const rest = shape.dims.slice(box.length)
      .map((n, i) => known.stillOpen(data)!.depends[box.length + i]!.length > 0 ? -1 : n);
    if (rest.filter((n) => n === -1).length > 1) return undefined;
    const written = write.reshape(updates, [...box.map(({ begin, end }) => end - begin), ...rest]);
    const [axis] = cut;
    if (axis === undefined) return written; // nothing stays
    const { begin, end } = box[axis]!;
    const stretch = (from: number, to: number) =>
      write.add("Slice", [data, write.int64([from]), write.int64([to]), write.int64([axis])]);
    const length = shape.dims[axis]!;
    return write.add("Concat", [
      ...(begin > 0 ? [stretch(0, begin)] : []),
      written,
      ...(end < length ? [stretch(end, length)] : []),
    ], { axis });
  });
}

/** More indices than that are not looked through. */
const MOST_INDICES = 1 << 20;

/**
 * Reads indices that name, in order, every place of a box: a stretch of each axis that they run along.
 *
 * @param dims Shape of what they are indices of.
 */
function readBox(
  indices: TensorProto | undefined,
  dims: readonly number[],
): { begin: number; end: number }[] | undefined {
  const depth = indices && dimsOf(indices).at(-1);
  if (!indices || !depth || elementCount(dimsOf(indices)) > MOST_INDICES) return undefined;
  const values = readIntegers(indices)
    ?.map((at, i) => at < 0 ? at + dims[i % depth]! : at);
  if (!values || values.length === 0) return undefined;
  const box = Array.from({ length: depth }, (_, axis) => {
    return { begin: values[axis]!, end: values.at(axis - depth)! + 1 };
  });
  const lengths = box.map(({ begin, end }) => end - begin);
  if (elementCount(lengths) * depth !== values.length) return undefined;
  const inOrder = values.every((at, i) => {
    const axis = i % depth;
    const stride = elementCount(lengths.slice(axis + 1));
    return at === box[axis]!.begin + Math.floor(Math.floor(i / depth) / stride) % lengths[axis]!;
  });
  return inOrder ? box : undefined;
}
