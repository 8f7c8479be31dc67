import { intAttribute } from "../onnx/node.ts";
import type { GraphProto } from "../onnx/onnx_pb.ts";
import { dimsOf } from "../onnx/tensor_proto.ts";
import { elementCount } from "../tensor/tensor.ts";
import { type PassContext, rootContext } from "./pass.ts";
import { readIntegers } from "../onnx/read_integers.ts";
import { replaceKnown } from "./replace_known.ts";
import type { RewriteOptions } from "./replacement.ts";
import type { ShapeMap } from "../onnx/shape_map.ts";

/**
 * Writes a Gather that reads a few stretches, as PyTorch exports `unfold`, as the Concat of so many
 * Slices. The Gather copies what lies behind its axis index by index: along the last axis that is one
 * number at a time, 75 ns each, where a Slice copies whole stretches (kernel fact
 * gather-along-the-last-axis).
 *
 * The lengths along its axis are fixed to those of the sample. The same bits. Opset 13 or later.
 */
export function gatherToSlices(
  graph: GraphProto,
  shapes: ShapeMap,
  options: RewriteOptions = {},
  context: PassContext = rootContext(graph),
): GraphProto {
  return replaceKnown(graph, ["Gather"], shapes, options, context, (node, write, here) => {
    const { known, constants } = here;
    const [x = "", indices = ""] = node.input;
    const stored = constants.get(indices);
    const shape = known.stillOpen(x);
    if (!stored || !shape) return undefined;
    const along = intAttribute(node, "axis", 0);
    const axis = along < 0 ? along + shape.dims.length : along;
    const stretches = stretchesOf(readIntegers(stored) ?? [], shape.dims[axis]!);
    const run = elementCount(dimsOf(stored)) / stretches.length;
    const behind = elementCount(shape.dims.slice(axis + 1));
    if (stretches.length > MOST_STRETCHES || run < LEAST_RUN || behind > MOST_BEHIND) {
      return undefined;
    }
    const dims = shape.dims.toSpliced(axis, 1, ...dimsOf(stored));
    const open = shape.depends.toSpliced(axis, 1, ...dimsOf(stored).map(() => []))
      .map((names) => names.length > 0);
    if (open.filter(Boolean).length > 1 || !known.fix(x, [axis])) return undefined;
    const parts = stretches.map(({ begin, end }) =>
      write.add("Slice", [x, write.int64([begin]), write.int64([end]), write.int64([axis])])
    );
    const joined = parts.length === 1 ? parts[0]! : write.add("Concat", parts, { axis });
    return write.reshape(joined, dims.map((n, i) => open[i] ? -1 : n));
  });
}

/** Each Slice is a node, which costs as much as a hundred numbers. */
const MOST_STRETCHES = 8;
const LEAST_RUN = 16;

/** A Gather that copies that many numbers at a time is as good. */
const MOST_BEHIND = 8;

/** What indices name, as stretches from one up to another. */
function stretchesOf(
  indices: readonly number[],
  length: number,
): { begin: number; end: number }[] {
  const stretches: { begin: number; end: number }[] = [];
  for (const index of indices) {
    const at = index < 0 ? index + length : index;
    const last = stretches.at(-1);
    if (last?.end === at) last.end++;
    else stretches.push({ begin: at, end: at + 1 });
  }
  return stretches;
}
