import type { Calibration } from "../calibrate/calibration.ts";
import { calibrate, type CalibrateOptions } from "../calibrate/calibrate.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Model } from "../onnx/model.ts";
import { equalize } from "../passes/equalize.ts";
import { convert, type ConvertOptions } from "./convert.ts";
import { correctBias } from "./correct_bias.ts";
import type { QConfigMapping } from "./mapping.ts";
import { prepare } from "./prepare.ts";
import { smooth } from "./smooth.ts";
import type { QuantizedModel } from "./quantized_model.ts";
import type { Feeds } from "../tensor/tensor.ts";

/**
 * What makes a network fitter for static int8, by name:
 *
 * - `equalize`: ranges of weights evened between neighbouring layers, see {@linkcode equalize}.
 * - `smooth`: what is uneven between the channels of an activation moved into the weights that read
 *   it, see {@linkcode smooth}.
 * - `bias`: the one to begin with; what int8 adds to the mean of each channel taken from its bias, see
 *   {@linkcode correctBias}.
 * @category Steps
 */
export type Correction = "equalize" | "smooth" | "bias";

/** All corrections, in the order in which they are made. */
export const CORRECTIONS: readonly Correction[] = ["equalize", "smooth", "bias"];

/**
 * Options for {@linkcode quantizeWith}.
 * @category Steps
 */
export interface QuantizeWithOptions extends CalibrateOptions, ConvertOptions {
  /** Which corrections to make; their order does not matter. @default {none} */
  corrections?: readonly Correction[];
  /**
   * What `calibrate()` saw of the model as given, if that is known. Used where no correction changes
   * the activations; otherwise the corrected model is calibrated anew. @default {found out}
   */
  calibration?: Calibration;
}

/**
 * What {@linkcode quantizeWith} makes.
 * @category QConfigs (advanced)
 */
export interface QuantizedWith {
  /** Its plan says of each node what was corrected. */
  readonly int8: QuantizedModel;
  /**
   * The float32 model that int8 stands for tensor by tensor: the one given, or what equalization and
   * smoothing made of it, whose outputs are the same.
   */
  readonly float32: Model;
  /** Of `float32`; undefined if nothing is static. */
  readonly calibration: Calibration | undefined;
}

/**
 * Calibrates and converts a model, with corrections, in the one right order: first what changes the
 * activations and is exact in float32 (`equalize`, `smooth`), then calibration, then what makes up for the
 * errors of int8 (`bias`), then conversion. Without corrections it is `calibrate()` and `convert()`.
 *
 * Each correction that looks at samples costs one pass over them, and holds one sample at a time.
 *
 * @param model Float32, from `fuse()` or `lowerForWasm()`. Equalization and smoothing find their layers
 * as Conv and Gemm: do them before lowering makes Gemm of Conv.
 * @param data Calibration samples. Corrections read them again: a generator serves only without.
 * @throws {UserError} As `calibrate()` and `convert()` do.
 * @example
 * ```ts
 * import { type Correction, float32Tensor, fuse, qconfigMapping, quantizeWith, staticInt8 } from "octavo";
 * import { parseModel } from "octavo/advanced";
 * import assert from "node:assert/strict";
 *
 * const model = fuse(parseModel(`
 *   input x float32[N, 1]
 *   output y float32[N, 1]
 *   tensor a float32[1, 2] = [8.0, 1.0]
 *   tensor b float32[2, 1] = [2.0, 4.0]
 *   h = Gemm(x, a); r = Relu(h); y = Gemm(r, b)`));
 * const corrections: Correction[] = ["equalize", "bias"];
 * const mapping = qconfigMapping({ default: staticInt8() });
 * const samples = [{ x: float32Tensor([1, 1], [3]) }];
 * const { int8, float32 } = await quantizeWith(model, mapping, samples, { corrections });
 * assert.equal(int8.plan.rows[0]!.asked, "static");
 * assert.notEqual(float32, model); // its layers are equalized
 * ```
 * @category Steps
 */
export async function quantizeWith(
  model: Model,
  mapping: QConfigMapping,
  data: Dataset | Iterable<Feeds> | AsyncIterable<Feeds>,
  options: QuantizeWithOptions = {},
): Promise<QuantizedWith> {
  const { corrections = [], calibration: known, format, ...passes } = options;
  let float32 = corrections.includes("equalize") ? equalize(model) : model;
  if (corrections.includes("smooth")) float32 = await smooth(float32, mapping, data, passes);
  const prepared = prepare(float32, mapping);
  if (prepared.tensors.length === 0) {
    return {
      int8: convert(float32, mapping, undefined, { format }),
      float32,
      calibration: undefined,
    };
  }
  const calibration = known && float32 === model ? known : await calibrate(prepared, data, passes);
  const corrected = corrections.includes("bias")
    ? await correctBias(float32, mapping, calibration, data, passes)
    : float32;
  return { int8: convert(corrected, mapping, calibration, { format }), float32, calibration };
}
