import { withAttributes } from "../onnx/node.ts";
import type { GraphProto } from "../onnx/onnx_pb.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type PassContext, rootContext } from "./pass.ts";
import { type ReadConv, readConv } from "./read_conv.ts";
import { replaceKnown } from "./replace_known.ts";
import type { NodeWriter, RewriteOptions } from "./replacement.ts";
import type { ShapeMap } from "../onnx/shape_map.ts";
import { alongAxes } from "../onnx/pool_window.ts";

/**
 * Writes Conv nodes over time, height and width as Conv over height and width. The frames lie in the
 * batch, in front of the channels; a kernel that spans several frames becomes one that reads them as so
 * many more channels, laid side by side by a Gather. Any stride, padding, dilation and group.
 *
 * The runtime has no good int8 kernel for Conv3d with few channels (3 to 5 times float32's time), and none
 * of its layouts serve it; in float32 the two take the same time (kernel facts int8-thin-conv3d, conv3d). Around the Conv stand Transposes
 * that bring time in front of the channels and back; {@linkcode sinkLayout} lets those of neighbours
 * meet, so that a chain stays folded.
 *
 * Results are the same but for the order of sums. Lengths in time and space are fixed to those of the
 * sample, the batch is not. Opset 13 or later.
 */
export function lowerConv3d(
  graph: GraphProto,
  shapes: ShapeMap,
  options: RewriteOptions = {},
  context: PassContext = rootContext(graph),
): GraphProto {
  return replaceKnown(graph, ["Conv"], shapes, options, context, (node, write, here) => {
    const { known, constants } = here;
    const conv = readConv(node, known, constants);
    if (conv?.spatialAxes.length !== 3) return undefined;
    return known.fix(node.input[0], conv.spatialAxes) && writeConv2d(conv, write);
  });
}

function writeConv2d(conv: ReadConv, write: NodeWriter): string {
  const { node, window, channels, filters } = conv;
  const [time, space] = [alongAxes(window, 0, 1), alongAxes(window, 1)];
  const frames = write.add("Transpose", [node.input[0]!], { perm: [0, 2, 1, 3, 4] });
  const folded = [-1, time.kernel[0]! * channels, ...space.input];
  const x = write.reshape(foldTime(frames, conv, write), folded);
  const weight = write.weight(node.input[1]!, "folded", () => foldKernel(conv));
  const conv2d = withAttributes(node, {
    auto_pad: undefined,
    kernel_shape: space.kernel,
    strides: space.strides,
    dilations: space.dilations,
    pads: [...space.begins, ...space.ends],
  });
  const y = write.name("Conv");
  write.nodes.push({ ...conv2d, input: [x, weight, ...node.input.slice(2)], output: [y] });
  const apart = write.reshape(y, [-1, ...time.output, filters, ...space.output]);
  return write.add("Transpose", [apart], { perm: [0, 2, 1, 3, 4] });
}

/** What each output frame reads: [batch, frames * taps, channels, height, width], or groups apart. */
function foldTime(
  frames: string,
  { window, channels, group }: ReadConv,
  write: NodeWriter,
): string {
  const time = alongAxes(window, 0, 1);
  const [taps, begin, end] = [time.kernel[0]!, time.begins[0]!, time.ends[0]!];
  const reads = Array.from({ length: time.output[0]! * taps }, (_, i) => {
    return Math.floor(i / taps) * time.strides[0]! + i % taps * time.dilations[0]!;
  });
  let x = frames;
  if (begin + end > 0) {
    x = write.add("Pad", [x, write.int64([0, begin, 0, 0, 0, 0, end, 0, 0, 0])]);
  }
  if (reads.length !== time.input[0]! + begin + end || reads.some((frame, i) => frame !== i)) {
    x = write.gather(x, reads, 1);
  }
  if (group === 1 || taps === 1) return x;
  // A group reads its own channels of all frames, so those have to lie together.
  const parts = [-1, taps, group, channels / group, ...window.input.slice(1)];
  return write.add("Transpose", [write.reshape(x, parts)], { perm: [0, 2, 1, 3, 4, 5] });
}

/** [filters, channels, time, height, width] as [filters, time * channels, height, width]. */
function foldKernel({ weight: { dims, data } }: ReadConv): Tensor<"float32"> {
  const [filters, channels, time, height, width] = dims as [number, number, number, number, number];
  const folded = new Float32Array(data.length);
  const plane = height * width;
  for (let f = 0, from = 0; f < filters; f++) {
    for (let c = 0; c < channels; c++) {
      for (let t = 0; t < time; t++, from += plane) {
        const to = ((f * time + t) * channels + c) * plane;
        folded.set(data.subarray(from, from + plane), to);
      }
    }
  }
  return { type: "float32", dims: [filters, time * channels, height, width], data: folded };
}
