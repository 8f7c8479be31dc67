import type { CalibrateOptions } from "../calibrate/calibrate.ts";
import type { Dataset } from "../data/dataset.ts";
import { UserError } from "../errors.ts";
import { allNodes } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import { fuse } from "../passes/fuse.ts";
import { openRuntime } from "../runtime/open_runtime.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Feeds } from "../tensor/tensor.ts";
import { convert } from "./convert.ts";
import { existingInt8 } from "./existing_int8.ts";
import { graphFacts } from "./graph_facts.ts";
import { qconfigMapping, type Rule } from "./mapping.ts";
import {
  dynamicInt8,
  float32,
  staticInt8,
  type StaticInt8Options,
  type WeightObserver,
} from "./qconfig.ts";
import type { QuantizedModel } from "./quantized_model.ts";
import { type Correction, quantizeWith } from "./quantize_with.ts";
import { readPlan } from "./read_plan.ts";

/**
 * Fills in what the runtime executes for each node of a converted model, where the runtime lets that
 * be read.
 *
 * @param runtime Workers to do it in. @default {one of its own}
 */
export async function readBack(model: QuantizedModel, runtime?: Runtime): Promise<QuantizedModel> {
  if (!runtime) {
    await using own = openRuntime({ workers: 1 });
    return await readBack(model, own);
  }
  const optimized = await runtime.optimized(model);
  return optimized ? model.withPlan(readPlan(model, optimized)) : model;
}

/** Options for {@linkcode quantizeStatic}. */
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
 */
export async function quantizeStatic(
  model: Model,
  data: Dataset | Iterable<Feeds> | AsyncIterable<Feeds>,
  options: QuantizeStaticOptions = {},
): Promise<QuantizedModel> {
  const { activation, weight, kernels, dtype, scheme, reduceRange, otherwise, ...rest } = options;
  const { rules, ...passes } = rest;
  const qconfig = { activation, weight, kernels, dtype, scheme, reduceRange, otherwise };
  const fused = fuse(model);
  const mapping = qconfigMapping({ default: staticInt8(qconfig), rules });
  const { int8 } = await quantizeWith(fused, mapping, data, passes);
  return await readBack(int8, passes.runtime);
}

/** PyTorch's name for what ONNX calls by two. */
const LINEAR = ["Gemm", "MatMul"];

/** What PyTorch's `quantize_dynamic` takes where it is not told, and RNN, which it leaves out. */
const BY_DEFAULT = [...LINEAR, "LSTM", "GRU", "RNN"];

/** Options for {@linkcode quantizeDynamic}. */
export interface QuantizeDynamicOptions {
  /** @default {perChannel} */
  weight?: WeightObserver;
  /** Workers to read back in what the runtime executes. @default {one of its own} */
  runtime?: Runtime;
}

/**
 * Fuses, and makes the nodes of some operators dynamic int8; no samples are needed.
 *
 * @param operators ONNX operator types, or `Linear` for Gemm and MatMul.
 * @default operators {Linear, LSTM, GRU and RNN, as far as the network has them}
 * @throws {UserError} If the network has none of an operator, or none that can be dynamic.
 */
export async function quantizeDynamic(
  model: Model,
  operators?: readonly string[],
  options: QuantizeDynamicOptions = {},
): Promise<QuantizedModel> {
  const { weight, runtime } = options;
  const fused = fuse(model);
  const present = new Set([...allNodes(fused.graph)].map(({ opType }) => opType));
  const wanted = operators ?? BY_DEFAULT.filter((op) => present.has(op));
  const rules = wanted.flatMap((name): Rule[] => {
    const meant = name === "Linear" ? LINEAR.filter((op) => present.has(op)) : [name];
    return meant.map((op) => [{ op }, dynamicInt8({ weight })]);
  });
  if (rules.length === 0) {
    const [integer] = existingInt8(graphFacts(fused.graph));
    const already = integer ? `, and it is int8 already, as ${integer.opType} says` : "";
    throw new UserError(
      `Cannot quantize ${model.name} dynamically: it has no ` +
        (operators ? "Linear layer (Gemm or MatMul)" : "Linear and no recurrent layer") +
        `${already}; it has ${[...present].sort().join(", ")}`,
    );
  }
  const mapping = qconfigMapping({ default: float32, rules, onUnsupported: "float32" });
  const int8 = convert(fused, mapping);
  requireDynamic(int8, wanted, model.name);
  return await readBack(int8, runtime);
}

/** Refuses what left all nodes of an operator in float32. */
function requireDynamic(
  { plan, traces }: QuantizedModel,
  operators: readonly string[],
  name: string,
): void {
  for (const operator of operators) {
    const meant = operator === "Linear" ? LINEAR : [operator];
    const forms = plan.rows.map((row, i) => ({ ...row, form: traces[i]!.form }))
      .filter(({ opType }) => meant.includes(opType));
    const [first] = forms;
    if (!first || forms.some(({ form }) => form === "dynamic")) continue;
    throw new UserError(
      `Cannot quantize ${name} dynamically: ${operator} node "${first.node}": ${first.why}`,
    );
  }
}
