import { calibrate, type CalibrateOptions } from "../calibrate/calibrate.ts";
import type { Dataset } from "../data/dataset.ts";
import { UserError } from "../errors.ts";
import { allNodes } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import { fuse } from "../passes/fuse.ts";
import { createPool, type Pool } from "../runtime/pool.ts";
import type { Feeds } from "../tensor/tensor.ts";
import { convert } from "./convert.ts";
import { qconfigMapping, type Rule } from "./mapping.ts";
import { prepare } from "./prepare.ts";
import { dynamicInt8, float32, staticInt8, type StaticInt8Options } from "./qconfig.ts";
import type { QuantizedModel } from "./quantized_model.ts";
import { readPlan } from "./read_plan.ts";

/**
 * Fills in what the runtime executes for each node of a converted model.
 *
 * @param pool Workers to do it in. @default {one of its own}
 */
export async function readBack(model: QuantizedModel, pool?: Pool): Promise<QuantizedModel> {
  if (!pool) {
    await using own = createPool({ workers: 1 });
    return await readBack(model, own);
  }
  return model.withPlan(readPlan(model, await pool.optimised(model)));
}

/** Options for {@linkcode quantizeStatic}. */
export interface QuantizeStaticOptions extends StaticInt8Options, CalibrateOptions {
  /** Exceptions from static int8, e.g. `[["front3D", float32]]`. @default {none} */
  rules?: readonly Rule[];
}

/**
 * Fuses, prepares, calibrates and converts in one call: every node with a static int8 kernel that is
 * no slower than float32's becomes static.
 *
 * @param data Calibration samples; a hundred are plenty for min-max.
 * @see {@linkcode prepare}, {@linkcode calibrate} and {@linkcode convert} for the single steps
 */
export async function quantizeStatic(
  model: Model,
  data: Dataset | Iterable<Feeds> | AsyncIterable<Feeds>,
  options: QuantizeStaticOptions = {},
): Promise<QuantizedModel> {
  const { activation, weight, kernels, rules, ...calibration } = options;
  const fused = fuse(model);
  const mapping = qconfigMapping({ default: staticInt8({ activation, weight, kernels }), rules });
  const ranges = await calibrate(prepare(fused, mapping), data, calibration);
  return await readBack(convert(fused, mapping, ranges), calibration.pool);
}

/** PyTorch's name for what ONNX calls by two. */
const LINEAR = ["Gemm", "MatMul"];

/**
 * Makes the nodes of some operators dynamic int8; no samples are needed.
 *
 * @param operators ONNX operator types, or `Linear` for Gemm and MatMul.
 * @throws {UserError} If the network has none of an operator.
 */
export async function quantizeDynamic(
  model: Model,
  operators: readonly string[] = ["Linear"],
  options: { pool?: Pool } = {},
): Promise<QuantizedModel> {
  const fused = fuse(model);
  const present = new Set([...allNodes(fused.graph)].map(({ opType }) => opType));
  const rules = operators.flatMap((name): Rule[] => {
    const meant = name === "Linear" ? LINEAR.filter((op) => present.has(op)) : [name];
    if (meant.length === 0) {
      throw new UserError(
        `Cannot quantize ${model.name} dynamically: it has no Linear layer (Gemm or MatMul); ` +
          `it has ${[...present].sort().join(", ")}`,
      );
    }
    return meant.map((op) => [{ op }, dynamicInt8()]);
  });
  return await readBack(convert(fused, qconfigMapping({ default: float32, rules })), options.pool);
}
