import { dimsOf, readTensorProto } from "../onnx/tensor_proto.ts";
import type { ElementArrays, Tensor } from "../tensor/tensor.ts";
import { activationParams, type ActivationScheme, typeGrid } from "./activation_params.ts";
import { type AffineParams, quantizeValue } from "./affine.ts";
import type { Builder } from "./builder.ts";
import type { StaticUnit } from "./static_units.ts";
import { addIntegerWeights } from "./integer_weights.ts";
import { channelAxes } from "./weight_axes.ts";
import { biasScaleFloor, quantizeBias } from "./weights.ts";

/** Integers and what they stand for, by the names of initializers (or of a tensor of integers). */
export interface Integers {
  readonly integers: string;
  readonly scale: string;
  readonly zeroPoint: string;
  /** Axis of the scales, undefined for a single one. */
  readonly axis?: number;
}

/** Names of the scale and the zero point of an activation, and their values. */
export interface ActivationParams {
  readonly params: AffineParams;
  readonly scale: string;
  readonly zeroPoint: string;
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
  const { dims, data } = readTensorProto(builder.facts.floatConstant(name)!);
  const values = data as Float32Array;
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

/** int8 weights of a Conv, Gemm or MatMul and their int32 bias. */
export interface WeightsAndBias {
  readonly weights: Integers;
  /** Its scale is that of the input times that of the weights, its zero point 0. */
  readonly bias?: Omit<Integers, "zeroPoint">;
}

/**
 * Adds the weights of a unit's head, and its bias in the scale of the products it is added to. Where
 * tiny weights stand beside a large bias, their scale is raised until the bias fits into int32.
 */
export function addWeights(unit: StaticUnit, inputScale: number, builder: Builder): WeightsAndBias {
  const { head, qconfig } = unit;
  const { facts } = builder;
  const name = head.input[1]!;
  const dims = dimsOf(facts.floatConstant(name)!);
  const bias = head.input[2] && head.opType !== "MatMul"
    ? readTensorProto(facts.floatConstant(head.input[2])!).data as Float32Array
    : undefined;
  const perChannel = qconfig.weight.granularity === "channel" && dims.length > 1;
  const axis = perChannel ? channelAxes(head, 1, dims)[0]! : undefined;
  const floor = bias && biasScaleFloor(bias, inputScale);
  const leastScale = floor && !perChannel ? Float32Array.of(maximum(floor)) : floor;
  const base = `${head.output[0]}_weights`;
  const { integers, scales, shared } = addIntegerWeights(
    name,
    { axis, weight: qconfig.weight, leastScale, base },
    builder,
  );
  const scaleDims = perChannel ? [scales.length] : [];
  // What lies beside integers that several nodes share is shared too.
  const constant = (part: string, tensor: Tensor, key = "") =>
    shared === undefined
      ? builder.constant(`${head.output[0]}_${part}`, tensor)
      : builder.once(`${shared} ${part} ${key}`, () => builder.constant(`${name}_${part}`, tensor));
  const weights = {
    integers,
    scale: constant("weights_scale", { type: "float32", dims: scaleDims, data: scales }),
    zeroPoint: constant("weights_zero_point", {
      type: "int8",
      dims: scaleDims,
      data: new Int8Array(scales.length),
    }),
    axis,
  };
  if (!bias) return { weights };
  const quantized = quantizeBias(bias, inputScale, scales);
  const key = `${head.input[2]} ${inputScale}`;
  return {
    weights,
    bias: {
      integers: constant("bias_quantized", {
        type: "int32",
        dims: [bias.length],
        data: quantized.values,
      }, key),
      scale: constant("bias_scale", {
        type: "float32",
        dims: scaleDims,
        data: quantized.scales,
      }, key),
      axis: perChannel ? 0 : undefined,
    },
  };
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
