import { UserError } from "../errors.ts";
import { allNodes } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import { fuse } from "../passes/fuse.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { convert } from "./convert.ts";
import { requireFloat } from "./decide.ts";
import { existingInt8 } from "./existing_int8.ts";
import { graphFacts } from "./graph_facts.ts";
import { type QConfigMapping, qconfigMapping, type Rule } from "./mapping.ts";
import { readBack } from "./one_call.ts";
import {
  dynamicInt8,
  float32,
  perChannelSparing,
  type WeightObserver,
  weightOnly,
} from "./qconfig.ts";
import type { QuantizedModel } from "./quantized_model.ts";
import { takeNetwork } from "./take_network.ts";
import { whyNothing } from "./why_nothing.ts";

/** PyTorch's name for what ONNX calls by two. */
const LINEAR = ["Gemm", "MatMul"];

/**
 * Options for {@linkcode quantizeDynamic}.
 * @category QConfigs (advanced)
 */
export interface QuantizeDynamicOptions {
  /**
   * Chooses the scales of the weights.
   *
   * @default {perChannel; where no operators are named, one scale for all of a table or matrix
   * where a scale for each channel is not worth its bytes}
   */
  weight?: WeightObserver;
  /** Workers to read back in what the runtime executes. @default {one of its own} */
  runtime?: Runtime;
}

/**
 * Fuses, and makes a model int8 without samples.
 *
 * Where it is not told which operators, Gemm and MatMul become dynamic and all else that has weights
 * is stored small: convolutions, embedding tables, and GRU, LSTM and RNN. At batch 1 that keeps
 * float32's time, where the runtime's int8 LSTM takes 1.3 to 1.7 times as long and a GRU of integer
 * products 1.5 to 2.3 times, at the same size and the same error. From a batch of 8 on they take 0.7
 * of it: name them then.
 *
 * @param operators ONNX operator types that are to be dynamic, or `Linear` for Gemm and MatMul; all
 * else stays float32. @default {as above}
 * @throws {UserError} If the network has none of an operator that was named, or none that can be
 * dynamic; or, where none was named, has no weights that would be smaller.
 * @example
 * ```ts
 * import { quantizeDynamic } from "octavo";
 * import { parseModel } from "octavo/advanced";
 * import assert from "node:assert/strict";
 *
 * const weights = Array(128).fill("0.5").join();
 * const model = parseModel(`
 *   input x float32[N, 16]
 *   output y float32[N, 8]
 *   tensor w float32[16, 8] = [${weights}]
 *   y = MatMul(x, w)`);
 * const int8 = await quantizeDynamic(model);
 * assert.deepEqual(int8.plan.executes(), { DynamicQuantizeMatMul: 1 });
 * ```
 * @category Steps
 */
export async function quantizeDynamic(
  model: Model,
  operators?: readonly string[],
  options: QuantizeDynamicOptions = {},
): Promise<QuantizedModel> {
  const { weight, runtime } = options;
  const fused = fuse(takeNetwork(model).network);
  requireFloat(fused.graph);
  const present = new Set([...allNodes(fused.graph)].map(({ opType }) => opType));
  const linear = LINEAR.filter((op) => present.has(op));
  const mapping = operators
    ? onlyThese(operators, linear, weight)
    : dynamicByDefault(fused, weight);
  if (operators && mapping.rules.length === 0) throw withoutLinear(fused, present, model.name);
  const int8 = convert(fused, mapping);
  if (operators) requireDynamic(int8, operators, model.name);
  const nothing = whyNothing(int8);
  if (nothing) throw new UserError(`Cannot quantize ${model.name} dynamically: ${nothing}`);
  return await readBack(int8, runtime);
}

function onlyThese(
  operators: readonly string[],
  linear: readonly string[],
  weight: WeightObserver | undefined,
): QConfigMapping {
  const rules = operators.flatMap((name): Rule[] =>
    (name === "Linear" ? linear : [name]).map((op) => [{ op }, dynamicInt8({ weight })])
  );
  return qconfigMapping({ default: float32, rules, onUnsupported: "float32" });
}

/**
 * The mapping of {@linkcode quantizeDynamic} where it is not told which operators.
 *
 * @param weight @default {perChannel where that is worth its bytes}
 */
export function dynamicByDefault(
  { graph }: Model,
  weight: WeightObserver = perChannelSparing,
): QConfigMapping {
  const present = new Set([...allNodes(graph)].map(({ opType }) => opType));
  const otherwise = weightOnly({ weight });
  const rules = LINEAR.filter((op) => present.has(op))
    .map((op): Rule => [{ op }, dynamicInt8({ weight, otherwise })]);
  return qconfigMapping({ default: otherwise, rules, onUnsupported: "float32" });
}

function withoutLinear(model: Model, present: ReadonlySet<string>, name: string): UserError {
  const [integer] = existingInt8(graphFacts(model.graph));
  const already = integer ? `, and it is int8 already, as ${integer.opType} says` : "";
  return new UserError(
    `Cannot quantize ${name} dynamically: it has no Linear layer (Gemm or MatMul)${already}; ` +
      `it has ${[...present].sort().join(", ") || "no nodes"}`,
  );
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
