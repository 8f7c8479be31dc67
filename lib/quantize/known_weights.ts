import type { NodeProto } from "../onnx/onnx_pb.ts";
import { integersOf, type KnownIntegers } from "../passes/known_integers.ts";
import { elementCount } from "../tensor/tensor.ts";
import type { GraphFacts } from "./graph_facts.ts";
import type { WeightObserver } from "./qconfig.ts";
import { kernelAxis } from "./weight_axes.ts";
import type { QuantizedWeights } from "./weights.ts";

/** Between an int8 and the uint8 that stands for the same with a zero point as much higher. */
const MIDDLE = 128;

/**
 * The integers that weights were dequantized from in the file as it came, with the file's own scales: one for
 * each index along an axis, or a single one. They stand for the same values to the bit. int8 around 0 where
 * all of them reach that, and otherwise uint8 with a zero point for each scale.
 *
 * @returns Undefined of weights of which none are known, and of those with scales for blocks.
 */
export function fileWeights(name: string, facts: GraphFacts): QuantizedWeights | undefined {
  const known = integersOf(facts.floatConstant(name));
  if (!known || known.blockSize !== undefined) return undefined;
  const { integers: { dims }, scales, axis } = known;
  const scaleDims = axis === undefined ? [] : dims.map((dim, i) => i === axis ? dim : 1);
  return { ...(aroundZero(known) ?? unsigned(known)), scales, scaleDims };
}

/**
 * The same as kernels take them: with a scale for each index along the axis, or one for all, and with one zero
 * point for all channels.
 */
export function knownWeights(
  name: string,
  axis: number | undefined,
  facts: GraphFacts,
): QuantizedWeights | undefined {
  const known = fileWeights(name, facts);
  if (!known) return undefined;
  const { type, values, scales, zeroPoints } = known;
  if (zeroPoints.some((one) => one !== zeroPoints[0])) return undefined;
  const { axis: own, integers: { dims } } = integersOf(facts.floatConstant(name))!;
  if (own === axis) return known;
  if (own !== undefined || axis === undefined) return undefined;
  const channels = dims[axis]!;
  const Integers = type === "int8" ? Int8Array : Uint8Array;
  return {
    ...{ type, values },
    scales: new Float32Array(channels).fill(scales[0]!),
    zeroPoints: new Integers(channels).fill(zeroPoints[0]!),
    scaleDims: dims.map((dim, i) => i === axis ? dim : 1),
  };
}

/** Whether weights have a scale for each channel: as the qconfig wants it, or as the file has it. */
export function isPerChannel(name: string, weight: WeightObserver, facts: GraphFacts): boolean {
  return weight.granularity === "channel" ||
    integersOf(facts.floatConstant(name))?.axis !== undefined;
}

/**
 * Why no integer kernel takes the weights of a Conv, Gemm or MatMul as the file has them, if none does: they are
 * not rounded anew for it.
 */
export function knownObstacle(node: NodeProto, facts: GraphFacts): string | undefined {
  const weights = facts.floatConstant(node.input[1]);
  const known = integersOf(weights);
  if (!known) return undefined;
  const { blockSize, axis, integers: { dims } } = known;
  if (blockSize !== undefined) {
    return "the file has a scale for each block of its weights, and int8 kernels one for each channel";
  }
  if (axis !== undefined && axis !== kernelAxis(node, dims)) {
    return "the file has the scales of its weights along an axis that int8 kernels sum up";
  }
  return hasManyZeroPoints(known)
    ? "the file has a zero point for each channel of its weights, and int8 kernels one for all"
    : undefined;
}

/** What was found of integers before: a search decides on a layer hundreds of times. */
const manyZeroPoints = new WeakMap<KnownIntegers, boolean>();

function hasManyZeroPoints(known: KnownIntegers): boolean {
  if (known.zeroPoints.every((one) => one === known.zeroPoints[0])) return false;
  const found = manyZeroPoints.get(known) ?? aroundZero(known) === undefined;
  manyZeroPoints.set(known, found);
  return found;
}

type Integers = Pick<QuantizedWeights, "type" | "values" | "zeroPoints">;

/** The integers less their zero points, if all of these are int8. */
function aroundZero({ integers: { dims, data }, zeroPoints, axis }: KnownIntegers):
  | Integers
  | undefined {
  const run = axis === undefined ? data.length : elementCount(dims.slice(axis + 1));
  const values = new Int8Array(data.length);
  for (let i = 0; i < values.length; i++) {
    const steps = data[i]! - zeroPoints[Math.floor(i / run) % zeroPoints.length]!;
    values[i] = steps;
    if (values[i] !== steps) return undefined;
  }
  return { type: "int8", values, zeroPoints: new Int8Array(zeroPoints.length) };
}

/** The integers and their zero points, moved by 128 if they are int8. */
function unsigned({ integers: { type, data }, zeroPoints }: KnownIntegers): Integers {
  const step = type === "int8" ? MIDDLE : 0;
  const moved = (values: Int8Array | Uint8Array) => Uint8Array.from(values, (one) => one + step);
  return { type: "uint8", values: moved(data), zeroPoints: moved(zeroPoints) };
}
