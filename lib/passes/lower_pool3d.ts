import { withAttributes } from "../onnx/node.ts";
import type { GraphProto } from "../onnx/onnx_pb.ts";
import { type PassContext, rootContext } from "./pass.ts";
import { replaceKnown } from "./replace_known.ts";
import type { RewriteOptions } from "./replacement.ts";
import type { ShapeMap } from "../onnx/shape_map.ts";
import { alongAxes, isIdle, windowOf } from "../onnx/pool_window.ts";

/**
 * Writes MaxPool and AveragePool nodes that look at one frame at a time, with kernels (1, k, k), as
 * pools over height and width: between Reshapes, for which nothing has to move. The same numbers.
 *
 * Lengths of all axes but the first are fixed to those of the sample. Opset 13 or later.
 */
export function lowerPool3d(
  graph: GraphProto,
  shapes: ShapeMap,
  options: RewriteOptions = {},
  context: PassContext = rootContext(graph),
): GraphProto {
  const pools = ["MaxPool", "AveragePool"];
  return replaceKnown(graph, pools, shapes, options, context, (node, write, { known }) => {
    if (node.output[1]) return undefined;
    const [x = ""] = node.input;
    const [, ...lengths] = known.get(x)?.dims ?? [];
    const window = lengths.length === 4 ? windowOf(node, lengths.slice(1)) : undefined;
    if (!window || !isIdle(window, 0) || !known.fix(x, [1, 2, 3, 4])) return undefined;
    const space = alongAxes(window, 1);
    const y = write.name(node.opType);
    const pool = withAttributes(node, {
      auto_pad: undefined,
      kernel_shape: space.kernel,
      strides: space.strides,
      pads: [...space.begins, ...space.ends],
      // Only MaxPool, and AveragePool from opset 19 on, have dilations; 1 is what both take as default.
      dilations: space.dilations.every((n) => n === 1) ? undefined : space.dilations,
    });
    // What lies before the frames goes into the batch, the frames take the place of the channels.
    const frames = write.reshape(x, [-1, ...lengths.slice(1)]);
    write.nodes.push({ ...pool, input: [frames], output: [y] });
    return write.reshape(y, [-1, lengths[0]!, lengths[1]!, ...space.output]);
  });
}
