import type { CalibrateOptions } from "../calibrate/calibrate.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Model } from "../onnx/model.ts";
import { fuse } from "../passes/fuse.ts";
import { withRuntime } from "../runtime/own_runtime.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Feeds } from "../tensor/tensor.ts";
import { qconfigMapping, type Rule } from "./mapping.ts";
import { staticInt8, type StaticInt8Options } from "./qconfig.ts";
import type { QuantizedModel } from "./quantized_model.ts";
import { type Correction, quantizeWith } from "./quantize_with.ts";
import { readPlan } from "./read_plan.ts";
import { takeNetwork } from "./take_network.ts";

/**
 * Fills in what the runtime executes for each node of a converted model, where the runtime lets that
 * be read.
 *
 * @param runtime Workers to do it in. @default {one of its own}
 * @returns The same model, the column `executes` of its plan filled in.
 * @see {@linkcode quantizeStatic}, which calls it
 * @category Steps
 */
export async function readBack(model: QuantizedModel, runtime?: Runtime): Promise<QuantizedModel> {
  const optimized = await withRuntime(runtime, { workers: 1 }, (one) => one.optimized(model));
  return optimized ? model.withPlan(readPlan(model, optimized)) : model;
}

/**
 * Options for {@linkcode quantizeStatic}.
 * @category Steps
 */
export interface QuantizeStaticOptions extends StaticInt8Options, CalibrateOptions {
  /** Exceptions from static int8, e.g. `[["front3D", float32]]`. @default {none} */
  rules?: readonly Rule[];
  /** What to correct, see {@linkcode quantizeWith}. @default {none} */
  corrections?: readonly Correction[];
}

/**
 * Fuses, prepares, calibrates and converts in one call: every node with a static int8 kernel that is
 * no slower than float32's becomes static.
 *
 * The model stands between DequantizeLinear and QuantizeLinear; `asExecuted()` of `octavo/advanced` makes
 * of it what opens fastest.
 *
 * @param data Calibration samples; a hundred are plenty.
 * @see {@linkcode prepare}, {@linkcode calibrate} and {@linkcode convert} for the single steps
 * @example
 * ```ts
 * import { float32Tensor, quantizeStatic } from "octavo";
 * import { parseModel } from "octavo/advanced";
 * import assert from "node:assert/strict";
 *
 * const model = parseModel(`
 *   input x float32[N, 2]
 *   output y float32[N, 1]
 *   tensor w float32[2, 1] = [0.5, -1.0]
 *   y = Gemm(x, w)`);
 * const samples = [{ x: float32Tensor([1, 2], [1, 4]) }];
 * const int8 = await quantizeStatic(model, samples, { corrections: ["bias"] });
 * assert.equal(int8.plan.rows[0]!.asked, "static");
 * ```
 * @category Steps
 */
export async function quantizeStatic(
  model: Model,
  data: Dataset | Iterable<Feeds> | AsyncIterable<Feeds>,
  options: QuantizeStaticOptions = {},
): Promise<QuantizedModel> {
  const { activation, weight, kernels, dtype, scheme, reduceRange, otherwise, ...rest } = options;
  const { rules, ...passes } = rest;
  const qconfig = { activation, weight, kernels, dtype, scheme, reduceRange, otherwise };
  const fused = fuse(takeNetwork(model).network);
  const mapping = qconfigMapping({ default: staticInt8(qconfig), rules });
  const { int8 } = await quantizeWith(fused, mapping, data, passes);
  return await readBack(int8, passes.runtime);
}
