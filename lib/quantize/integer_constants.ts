import type { NodeProto } from "../onnx/onnx_pb.ts";
import { dimsOf } from "../onnx/tensor_proto.ts";
import type { ElementArrays, Tensor } from "../tensor/tensor.ts";
import {
  type ActivationParams,
  activationParams,
  type ActivationScheme,
  typeGrid,
} from "./activation_params.ts";
import { type AffineParams, quantizeValue } from "./affine.ts";
import type { Builder } from "./builder.ts";
import type { GraphFacts } from "./graph_facts.ts";
import { addIntegerWeights } from "./integer_weights.ts";
import { isPerChannel } from "./known_weights.ts";
import { readWeights } from "./read_weights.ts";
import { channelAxes, kernelAxis } from "./weight_axes.ts";
import { biasOf, type StaticUnit } from "./static_units.ts";
import { biasScaleFloor, quantizeBias } from "./weights.ts";

/** Integers and what they stand for, by the names of initializers (or of a tensor of integers). */
export interface Integers {
  readonly integers: string;
  readonly scale: string;
  readonly zeroPoint: string;
  /** Axis of the scales, undefined for a single one. */
  readonly axis?: number;
}

/** Adds the scale and the zero point of an activation. */
export function addActivationParams(
  name: string,
  params: AffineParams,
  { dtype }: ActivationScheme,
  builder: Builder,
): ActivationParams {
  return {
    params,
    scale: builder.constant(`${name}_scale`, {
      type: "float32",
      dims: [],
      data: Float32Array.of(params.scale),
    }),
    zeroPoint: builder.constant(`${name}_zero_point`, {
      type: dtype,
      dims: [],
      data: integerArray(dtype, [params.zeroPoint]),
    }),
  };
}

/** Adds a constant that an Add, Mul or Concat reads, with one scale, as their kernels want it. */
export function addOperand(name: string, scheme: ActivationScheme, builder: Builder): Integers {
  const { dims, data: values } = readWeights(name, builder.facts);
  let [min, max] = [0, 0];
  for (const x of values) [min, max] = [Math.min(min, x), Math.max(max, x)];
  const params = activationParams({ min, max }, scheme);
  const { scale, zeroPoint } = addActivationParams(name, params, scheme, builder);
  const grid = typeGrid(scheme.dtype);
  const integers = builder.constant(`${name}_quantized`, {
    type: scheme.dtype,
    dims,
    data: integerArray(scheme.dtype, Array.from(values, (x) => quantizeValue(x, params, grid))),
  });
  return { integers, scale, zeroPoint };
}

/** 8-bit weights of a Conv, Gemm or MatMul and their int32 bias. */
export interface WeightsAndBias {
  readonly weights: Integers;
  /** Its scale is that of the input times that of the weights, its zero point 0. */
  readonly bias?: Omit<Integers, "zeroPoint">;
}

/**
 * Adds the weights of a unit's anchor, and its bias in the scale of the products it is added to. Where
 * tiny weights stand beside a large bias, their scale is raised until the bias fits into int32.
 */
export function addWeights(unit: StaticUnit, inputScale: number, builder: Builder): WeightsAndBias {
  const { anchor, qconfig } = unit;
  const { facts } = builder;
  const name = anchor.input[1]!;
  const dims = dimsOf(facts.floatConstant(name)!);
  const axis = isPerChannel(name, qconfig.weight, facts) ? kernelAxis(anchor, dims) : undefined;
  const biasName = biasOf(unit);
  const bias = biasName ? readBias(biasName, anchor, dims, facts) : undefined;
  const floor = bias && biasScaleFloor(bias, inputScale);
  const leastScale = floor && axis === undefined ? Float32Array.of(maximum(floor)) : floor;
  const added = addIntegerWeights(name, { axis, weight: qconfig.weight, leastScale }, builder);
  const { type, integers, scales, zeroPoints, key } = added;
  const scaleDims = axis === undefined ? [] : [scales.length];
  // What lies beside integers that several nodes share is shared too.
  const constant = (part: string, base: string, tensor: Tensor) =>
    builder.once(`${key} ${part}`, () => builder.constant(base, tensor));
  const weights = {
    integers,
    scale: constant("scale", `${name}_scale`, { type: "float32", dims: scaleDims, data: scales }),
    zeroPoint: constant(
      "zero point",
      `${name}_zero_point`,
      { type, dims: scaleDims, data: zeroPoints } as Tensor,
    ),
    axis,
  };
  if (!bias) return { weights };
  const quantized = quantizeBias(bias, inputScale, scales);
  const beside = `${biasName} ${inputScale}`;
  return {
    weights,
    bias: {
      integers: constant(`integers of ${beside}`, `${biasName}_quantized`, {
        type: "int32",
        dims: [bias.length],
        data: quantized.values,
      }),
      scale: constant(`scale of ${beside}`, `${biasName}_scale`, {
        type: "float32",
        dims: scaleDims,
        data: quantized.scales,
      }),
      axis: axis === undefined ? undefined : 0,
    },
  };
}

/** A bias with one element for each channel; a Gemm's may be a single one for all. */
function readBias(
  name: string,
  anchor: NodeProto,
  dims: readonly number[],
  facts: GraphFacts,
): Float32Array {
  const { data } = readWeights(name, facts);
  const channels = dims[channelAxes(anchor, 1, dims)[0]!]!;
  return data.length === channels ? data : new Float32Array(channels).fill(data[0]!);
}

function integerArray(
  dtype: "uint8" | "int8",
  values: readonly number[],
): ElementArrays["uint8" | "int8"] {
  return dtype === "uint8" ? Uint8Array.from(values) : Int8Array.from(values);
}

function maximum(values: Float32Array): number {
  return values.reduce((a, b) => Math.max(a, b), 0);
}
