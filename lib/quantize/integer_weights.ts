import { readTensorProto } from "../onnx/tensor_proto.ts";
import type { Builder } from "./builder.ts";
import type { WeightObserver } from "./qconfig.ts";
import { type ChannelMap, channelMap, type WeightLayout } from "./weight_layout.ts";
import { quantizeWeights } from "./weights.ts";

/** int8 weights as a node reads them. */
export interface IntegerWeights {
  /** Name of the integers, in the shape of the float32 weights. */
  readonly integers: string;
  /** One for each channel along the axis, or a single one. */
  readonly scales: Float32Array;
  /**
   * Set if the integers are laid out from others that further nodes read with the same scales: a key
   * that all of these have in common.
   */
  readonly shared?: string;
}

/** Options for {@linkcode addIntegerWeights}. */
export interface IntegerWeightsOptions {
  /** Axis with a scale for each index. @default {one scale for all} */
  axis?: number;
  weight: WeightObserver;
  /** Lower bound for the scale of each channel. @default {none} */
  leastScale?: Float32Array;
  /** What the name of the integers begins with. @default {the name of the weights} */
  base?: string;
}

/**
 * Adds float32 weights as int8. Weights that nodes lay out from a stored constant are quantized where
 * they are stored, with the scales of the channels there, and laid out as integers: what several nodes
 * read stays once in the file, and in its own shape.
 */
export function addIntegerWeights(
  name: string,
  options: IntegerWeightsOptions,
  builder: Builder,
): IntegerWeights {
  const layout = builder.facts.layoutOf(name);
  const laidOut = layout && addLaidOut(layout, options, builder);
  if (laidOut) return laidOut;
  const { axis, weight, leastScale, base = name } = options;
  const { dims, data } = readTensorProto(builder.facts.floatConstant(name)!);
  const { values, scales } = quantizeWeights(
    data as Float32Array,
    dims,
    axis === undefined ? [] : [axis],
    { leastScale, clip: weight.clip },
  );
  const tensor = { type: "int8", dims, data: values } as const;
  return { integers: builder.constant(`${base}_quantized`, tensor), scales };
}

/** Undefined if the channels are not those of the constant, or its scales are too small. */
function addLaidOut(
  layout: WeightLayout,
  { axis, weight, leastScale }: IntegerWeightsOptions,
  builder: Builder,
): IntegerWeights | undefined {
  const { root, nodes } = layout;
  const { facts } = builder;
  const { dims, data } = readTensorProto(facts.floatConstant(root)!);
  const map = axis === undefined ? undefined : channelMap(layout, dims, axis, facts.constant);
  if (axis !== undefined && !map) return undefined;
  const key = `${root} ${weight.name} ${map?.axis}`;
  const stored = builder.once(`weights ${key}`, () => {
    const { values, scales } = quantizeWeights(
      data as Float32Array,
      dims,
      map ? [map.axis] : [],
      {
        leastScale: leastScale && map ? atRoot(leastScale, map, dims) : leastScale,
        clip: weight.clip,
      },
    );
    const tensor = { type: "int8", dims, data: values } as const;
    return { integers: builder.constant(`${root}_quantized`, tensor), scales };
  });
  const scales = map ? Float32Array.from(map.from, (c) => stored.scales[c]!) : stored.scales;
  if (leastScale?.some((least, c) => scales[c]! < least)) return undefined;
  const last = nodes.at(-1)!.output[0]!;
  const integers = builder.once(`laid out ${key} ${last}`, () =>
    nodes.reduce((from, node) => {
      const to = builder.fresh(`${node.output[0]}_quantized`);
      const name = node.name && builder.fresh(`${node.name}_quantized`);
      builder.push({ ...node, name, input: [from, ...node.input.slice(1)], output: [to] });
      return to;
    }, stored.integers));
  const inOrder = !map || map.from.every((c, i) => c === i);
  return { integers, scales, ...inOrder && { shared: key } };
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
