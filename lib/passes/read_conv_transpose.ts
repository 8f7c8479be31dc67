import { intAttribute, intsAttribute, isStandard, stringAttribute } from "../onnx/node.ts";
import type { NodeProto, TensorProto } from "../onnx/onnx_pb.ts";
import type { ShapeMap } from "../onnx/shape_map.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { floatsOf } from "./read_conv.ts";

/** How a ConvTranspose spreads its input over one spatial axis. */
export interface SpreadAxis {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  /** Outputs that are cut off before the first. */
  readonly begin: number;
  readonly input: number;
  readonly output: number;
}

/** A ConvTranspose in float32 with constant weights, on a map of known size. */
export interface ReadConvTranspose {
  readonly node: NodeProto;
  /** Shape [channels, filters / group, ...kernel]. */
  readonly weight: Tensor<"float32">;
  readonly group: number;
  readonly channels: number;
  readonly filters: number;
  readonly axes: readonly SpreadAxis[];
}

/**
 * Reads a ConvTranspose node, its `auto_pad` and `output_shape` resolved; undefined if it is something
 * else, or not all of it is known.
 *
 * @see {@link https://onnx.ai/onnx/operators/onnx__ConvTranspose.html}
 */
export function readConvTranspose(
  node: NodeProto,
  shapes: ShapeMap,
  constants: ReadonlyMap<string, TensorProto>,
): ReadConvTranspose | undefined {
  if (node.opType !== "ConvTranspose" || !isStandard(node)) return undefined;
  const x = shapes.get(node.input[0]);
  const weight = floatsOf(constants.get(node.input[1] ?? ""));
  if (!x || !weight || (node.input[2] && !floatsOf(constants.get(node.input[2])))) return undefined;
  const [, channels = 0, ...lengths] = x.dims;
  const [, perGroup = 0, ...kernel] = weight.dims;
  const group = intAttribute(node, "group", 1);
  const axes = axesOf(node, lengths, kernel);
  return axes && { node, weight, group, channels, filters: group * perGroup, axes };
}

function axesOf(
  node: NodeProto,
  lengths: readonly number[],
  kernel: readonly number[],
): SpreadAxis[] | undefined {
  const fill = (value: number) => lengths.map(() => value);
  const strides = intsAttribute(node, "strides", fill(1));
  const dilations = intsAttribute(node, "dilations", fill(1));
  const added = intsAttribute(node, "output_padding", fill(0));
  const pads = intsAttribute(node, "pads", [...fill(0), ...fill(0)]);
  const shape = intsAttribute(node, "output_shape");
  const lists = [kernel, strides, dilations, added, shape ?? strides];
  if (lists.some(({ length }) => length !== lengths.length)) return undefined;
  if (pads.length !== 2 * lengths.length) return undefined;
  const autoPad = stringAttribute(node, "auto_pad", "NOTSET");
  const axes = lengths.map((input, i): SpreadAxis => {
    const [stride, dilation] = [strides[i]!, dilations[i]!];
    const whole = stride * (input - 1) + added[i]! + (kernel[i]! - 1) * dilation + 1;
    const axis = { kernel: kernel[i]!, stride, dilation, input };
    const wanted = shape?.[i] ?? (autoPad.startsWith("SAME") ? input * stride : undefined);
    if (wanted === undefined) {
      const [begin, end] = autoPad === "VALID" ? [0, 0] : [pads[i]!, pads[lengths.length + i]!];
      return { ...axis, begin, output: whole - begin - end };
    }
    const surplus = Math.max(0, whole - wanted);
    const small = Math.floor(surplus / 2);
    return { ...axis, begin: autoPad === "SAME_UPPER" ? small : surplus - small, output: wanted };
  });
  return axes.every(({ output }) => output > 0) ? axes : undefined;
}
