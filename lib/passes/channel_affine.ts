import { floatAttribute, intAttribute, isStandard } from "../onnx/node.ts";
import type { NodeProto } from "../onnx/onnx_pb.ts";
import type { Parameters } from "./parameters.ts";

/** `scale[c] * x + shift[c]` for each channel c, in float64. Both have one element per channel. */
export interface ChannelAffine {
  readonly scale: Float64Array;
  readonly shift: Float64Array;
}

/** Where the channels of a tensor lie. */
export interface ChannelAxis {
  readonly channels: number;
  /** Their axis counted from the last, which is 0: constants broadcast from that end. */
  readonly fromEnd: number;
  /** Number of dimensions; of an unknown rank, the least it can be. */
  readonly rank: number;
  /** Whether `rank` is but the least. @default {false} */
  readonly rankUnknown?: boolean;
}

/** Why a BatchNormalization is not a fixed scale and shift; undefined if it is. */
export function whyNotFixed(node: NodeProto, parameters: Parameters): string | undefined {
  if (intAttribute(node, "training_mode", 0) !== 0 || node.output.slice(1).some((name) => name)) {
    return "it is in training mode, where it normalizes by the batch it sees";
  }
  // opset 7 and 8: statistics for every place in the picture instead of every channel
  if (intAttribute(node, "spatial", 1) === 0) return "it has statistics for every position";
  const stored = node.input.slice(1, 5).map((name) => parameters.read(name));
  if (!stored.every((tensor) => tensor !== undefined)) return "its parameters are not constants";
  const [channels] = stored[0]!.dims;
  return stored.every(({ dims }) => dims.length === 1 && dims[0] === channels)
    ? undefined
    : "its parameters are not one number for each channel";
}

/**
 * Scale and shift of a BatchNormalization as inference runs it, on axis 1 of a tensor of any rank.
 * Undefined if it is not such a thing ({@linkcode whyNotFixed}), or not finite.
 *
 * @see {@link https://onnx.ai/onnx/operators/onnx__BatchNormalization.html}
 */
export function batchNormAffine(
  node: NodeProto,
  parameters: Parameters,
): ChannelAffine | undefined {
  if (whyNotFixed(node, parameters) !== undefined) return undefined;
  const [gamma, beta, mean, variance] = node.input.slice(1, 5)
    .map((name) => parameters.read(name)!.data);
  const epsilon = floatAttribute(node, "epsilon", Math.fround(1e-5));
  const scale = Float64Array.from(gamma!, (value, c) => value / Math.sqrt(variance![c]! + epsilon));
  const shift = Float64Array.from(beta!, (value, c) => value - mean![c]! * scale[c]!);
  return finite({ scale, shift });
}

/**
 * What a node does to the tensor called `input`, if that is a scale and shift per channel: a
 * BatchNormalization, or an Add, Sub, Mul or Div with a constant.
 */
export function channelAffine(
  node: NodeProto,
  input: string,
  axis: ChannelAxis,
  parameters: Parameters,
): ChannelAffine | undefined {
  if (!isStandard(node)) return undefined;
  if (node.opType === "BatchNormalization") {
    const onAxis1 = !axis.rankUnknown && axis.rank >= 2 && axis.fromEnd === axis.rank - 2;
    if (!onAxis1 || node.input[0] !== input) return undefined;
    const affine = batchNormAffine(node, parameters);
    return affine?.scale.length === axis.channels ? affine : undefined;
  }
  if (!isArithmetic(node)) return undefined;
  const [a, b] = node.input;
  if ((a === input) === (b === input)) return undefined; // x * x
  const constantFirst = b === input;
  const values = perChannel(constantFirst ? a : b, axis, parameters);
  if (!values) return undefined;
  const ones = new Float64Array(axis.channels).fill(1);
  const zeros = new Float64Array(axis.channels);
  switch (node.opType) {
    case "Add":
      return finite({ scale: ones, shift: values });
    case "Sub":
      return constantFirst
        ? finite({ scale: ones.fill(-1), shift: values })
        : finite({ scale: ones, shift: values.map((value) => -value) });
    case "Mul":
      return finite({ scale: values, shift: zeros });
    default: // Div
      return constantFirst
        ? undefined
        : finite({ scale: values.map((value) => 1 / value), shift: zeros });
  }
}

/** Whether a node adds, subtracts, multiplies or divides, and broadcasts as opset 7 and later do. */
export function isArithmetic(node: NodeProto): boolean {
  // Before, attributes said which axes the second input lies along.
  return ["Add", "Sub", "Mul", "Div"].includes(node.opType) && node.attribute.length === 0;
}

/** A constant that broadcasts along the channels only, as one value for each. */
function perChannel(
  name: string | undefined,
  axis: ChannelAxis,
  parameters: Parameters,
): Float64Array | undefined {
  const constant = parameters.read(name);
  if (!constant || constant.dims.length > axis.rank) return undefined;
  const along = constant.dims.at(-1 - axis.fromEnd) ?? 1;
  const count = constant.data.length;
  if (count !== along || (count !== 1 && count !== axis.channels)) return undefined;
  return Float64Array.from(
    { length: axis.channels },
    (_, c) => constant.data[count === 1 ? 0 : c]!,
  );
}

function finite(affine: ChannelAffine): ChannelAffine | undefined {
  return affine.scale.every(Number.isFinite) && affine.shift.every(Number.isFinite)
    ? affine
    : undefined;
}

/** What two do, one after the other. */
export function compose(first: ChannelAffine, second: ChannelAffine): ChannelAffine {
  return {
    scale: first.scale.map((scale, c) => scale * second.scale[c]!),
    shift: first.shift.map((shift, c) => shift * second.scale[c]! + second.shift[c]!),
  };
}

/** A run of nodes, each the only reader of the one before, that together scale and shift. */
export interface AffineChain extends ChannelAffine {
  readonly nodes: readonly NodeProto[];
  /** Name of the last one's result. */
  readonly output: string;
}

/**
 * The nodes after the value `start` that scale and shift it per channel, as far as nothing else reads
 * what is between them. Undefined if there is none.
 *
 * @param kept Names that must survive.
 */
export function affineChain(
  start: string,
  axis: ChannelAxis,
  parameters: Parameters,
  kept: ReadonlySet<string>,
): AffineChain | undefined {
  const nodes: NodeProto[] = [];
  let chain: ChannelAffine | undefined;
  let output = start;
  while (!kept.has(output)) {
    const readers = parameters.readers(output);
    const [node] = readers;
    if (!node || readers.length > 1) break;
    const affine = channelAffine(node, output, axis, parameters);
    if (!affine) break;
    chain = chain ? compose(chain, affine) : affine;
    nodes.push(node);
    output = node.output[0]!;
  }
  return chain && { nodes, output, ...chain };
}
