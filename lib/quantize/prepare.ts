import type { Model } from "../onnx/model.ts";
import { QUANTIZED_OPSET, raiseOpset } from "../onnx/opset.ts";
import { withOutputs } from "../onnx/outputs.ts";
import { freezeRandom } from "../passes/freeze_random.ts";
import { decide } from "./decide.ts";
import type { QConfigMapping } from "./mapping.ts";
import { rangedTensors } from "./static_results.ts";

/**
 * A model with taps: what calibration runs.
 * @category QConfigs (advanced)
 */
export interface Prepared {
  /** Gives the watched tensors besides its own outputs. */
  readonly model: Model;
  /** Tensors whose ranges are wanted. */
  readonly tensors: readonly string[];
}

/**
 * Puts a tap on every tensor that some mapping needs a range of. Only tensors that survive the
 * runtime's fusion are watched (after a Relu, not between it and its Conv), so that a calibration run
 * costs hardly more than a plain one. Several mappings share the taps, and so one run over the data.
 * Random nodes give the same noise in every run, so that the same samples give the same ranges.
 *
 * @throws {UserError} If a rule matches no node, or the model's opset cannot be raised to 13.
 * @example The tensors that need a range
 * ```ts
 * import { prepare, qconfigMapping, staticInt8 } from "octavo";
 * import { parseModel } from "octavo/advanced";
 * import assert from "node:assert/strict";
 *
 * const model = parseModel(`
 *   input x float32[N, 2]
 *   output y float32[N, 1]
 *   tensor w float32[2, 1] = [0.5, -1.0]
 *   y = Gemm(x, w)`);
 * const { tensors } = prepare(model, qconfigMapping({ default: staticInt8() }));
 * assert.deepEqual([...tensors], ["x"]); // nothing reads y as integers
 * ```
 * @category Steps
 */
export function prepare(model: Model, ...mappings: readonly QConfigMapping[]): Prepared {
  const { graph } = raiseOpset(model, QUANTIZED_OPSET);
  const tensors = mappings.flatMap((mapping) => [...rangedTensors(decide(graph, mapping)).keys()]);
  return tap(model, tensors);
}

/**
 * Puts a tap on tensors by name.
 * @throws {UserError} If the model's opset cannot be raised to 13.
 */
export function tap(model: Model, names: Iterable<string>): Prepared {
  const tensors = [...new Set(names)];
  return { model: withOutputs(freezeRandom(raiseOpset(model, QUANTIZED_OPSET)), tensors), tensors };
}
