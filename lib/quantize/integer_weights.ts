import type { Tensor } from "../tensor/tensor.ts";
import type { Builder } from "./builder.ts";
import type { WeightObserver } from "./qconfig.ts";
import { knownWeights } from "./known_weights.ts";
import { readWeights } from "./read_weights.ts";
import { type ChannelMap, channelMap, type WeightLayout } from "./weight_layout.ts";
import { type QuantizedWeights, quantizeWeights } from "./weights.ts";

/** 8-bit weights as a node reads them. */
export interface IntegerWeights extends Omit<QuantizedWeights, "values" | "scaleDims"> {
  /** Name of the integers, in the shape of the float32 weights. */
  readonly integers: string;
  /** The same for all nodes that read these integers with these scales. */
  readonly key: string;
}

/** Options for {@linkcode addIntegerWeights}. */
export interface IntegerWeightsOptions {
  /** Axis with a scale for each index. @default {one scale for all} */
  axis?: number;
  weight: WeightObserver;
  /** Lower bound for the scale of each channel. @default {none} */
  leastScale?: Float32Array;
}

/**
 * Adds float32 weights as 8-bit integers, once however many nodes read them. Weights that nodes lay out
 * from a stored constant are quantized where they are stored, with the scales of the channels there,
 * and laid out as integers: what is in the file keeps its own shape.
 */
export function addIntegerWeights(
  name: string,
  options: IntegerWeightsOptions,
  builder: Builder,
): IntegerWeights {
  const layout = builder.facts.layoutOf(name);
  const laidOut = layout && addLaidOut(layout, options, builder);
  if (laidOut) return laidOut;
  const { axis, weight, leastScale } = options;
  const axes = axis === undefined ? [] : [axis];
  const add = (key: string, leastScale?: Float32Array) =>
    builder.once(key, (): IntegerWeights => {
      const weights = readWeights(name, builder.facts);
      const known = leastScale ? undefined : knownWeights(name, axis, builder.facts);
      const { values, ...rest } = known ?? quantizeWeights(weights.data, weights.dims, axes, {
        ...weight,
        leastScale,
      });
      const tensor = { type: rest.type, dims: weights.dims, data: values } as Tensor;
      return { ...rest, key, integers: builder.constant(`${name}_quantized`, tensor) };
    });
  const key = `weights ${name} ${weight.name} ${axis}`;
  const shared = add(key);
  if (!leastScale?.some((least, c) => shared.scales[c]! < least)) return shared;
  return add(`${key} ${leastScale.join()}`, leastScale);
}

/** Undefined if the channels are not those of the constant, or its scales are too small. */
function addLaidOut(
  layout: WeightLayout,
  { axis, weight, leastScale }: IntegerWeightsOptions,
  builder: Builder,
): IntegerWeights | undefined {
  const { root, steps } = layout;
  const { facts } = builder;
  const { dims, data } = readWeights(root, facts);
  const map = axis === undefined ? undefined : channelMap(layout, dims, axis, facts.constant);
  if (axis !== undefined && !map) return undefined;
  const key = `${root} ${weight.name} ${map?.axis}`;
  const stored = builder.once(`stored ${key}`, () => {
    const known = leastScale ? undefined : knownWeights(root, map?.axis, facts);
    // What is laid out may be filled up with zeros, which have to be zero as integers.
    const taken = known?.type === "int8" ? known : undefined;
    const { values, ...rest } = taken ?? quantizeWeights(data, dims, map ? [map.axis] : [], {
      ...weight,
      leastScale: leastScale && map ? atRoot(leastScale, map, dims) : leastScale,
    });
    const tensor = { type: rest.type, dims, data: values } as Tensor;
    return { ...rest, integers: builder.constant(`${root}_quantized`, tensor) };
  });
  const { type, zeroPoints } = stored;
  const isOne = weight.sparing && stored.scales.length === 1;
  const scales = map && !isOne
    ? Float32Array.from(map.from, (c) => stored.scales[c]!)
    : stored.scales;
  if (leastScale?.some((least, c) => scales[c]! < least)) return undefined;
  const { node, output } = steps.at(-1)!;
  const last = node.output[output]!;
  // What several weights are cut from is laid out once.
  const integers = steps.reduce((from, { node, output }) => {
    const made = builder.once(`laid out ${key} ${node.output[0]}`, () => {
      const outputs = node.output.map((name) => builder.fresh(`${name}_quantized`));
      const name = node.name && builder.fresh(`${node.name}_quantized`);
      builder.push({ ...node, name, input: [from, ...node.input.slice(1)], output: outputs });
      return outputs;
    });
    return made[output]!;
  }, stored.integers);
  const inOrder = !map || map.from.every((c, i) => c === i);
  return {
    ...{ type, scales, integers },
    // Zero points are all 0, or a single one.
    zeroPoints: map && !isOne ? new Int8Array(scales.length) : zeroPoints,
    key: inOrder ? key : `${key} ${last}`,
  };
}

/** The lower bounds for the channels of the constant: the largest of those that come from each. */
function atRoot(
  leastScale: Float32Array,
  { axis, from }: ChannelMap,
  dims: readonly number[],
): Float32Array {
  const result = new Float32Array(dims[axis]!);
  from.forEach((c, i) => result[c] = Math.max(result[c]!, leastScale[i]!));
  return result;
}
