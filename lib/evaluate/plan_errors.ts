import type { Model } from "../onnx/model.ts";
import { tensorsMade } from "../onnx/non_tensors.ts";
import { Plan } from "../quantize/plan.ts";
import type { QuantizedModel, Trace } from "../quantize/quantized_model.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Feeds } from "../tensor/tensor.ts";
import { addSums, noSums, sqnrOf } from "./closeness.ts";
import { tensorPairs } from "./tensor_errors.ts";

/**
 * Options for {@linkcode withErrors}.
 * @category Measuring (advanced)
 */
export interface WithErrorsOptions {
  /** Workers to run both models on. */
  runtime: Runtime;
  /** Ends the work early: the promise is then rejected with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * Fills in how far what each node gives is from what it gives in float32: SQNR in dB, over all samples,
 * errors of all nodes before it included. What runs inside a kernel has no value of its own; that of
 * the kernel's last node counts to the first.
 *
 * @param float32 The model that `model` was converted from.
 * @throws {UserError} If a sample does not fit the network.
 * @returns The same model, the column `dB` of its plan filled in.
 * @category Measuring
 */
export async function withErrors(
  model: QuantizedModel,
  float32: Model,
  samples: readonly Feeds[],
  options: WithErrorsOptions,
): Promise<QuantizedModel> {
  const results = model.traces.map((trace) => resultOf(trace, model.traces));
  const [made, kept] = [float32, model].map(({ graph }) => new Set(tensorsMade(graph)));
  const names = new Map(
    results.filter((name) => made!.has(name) && kept!.has(name)).map((name) => [name, name]),
  );
  const errors = new Map([...names.keys()].map((name) => [name, noSums()]));
  const pairs = tensorPairs(float32, model, names, samples, options);
  for await (const { name, exact, other } of pairs) {
    if (other) addSums(errors.get(name)!, exact, other);
  }
  const rows = model.plan.rows.map((row, i) => {
    const { anchor, inBody } = model.traces[i]!;
    const sums = errors.get(results[i]!);
    if (!sums || anchor !== undefined || inBody || sums.noise === 0 || sums.signal === 0) {
      return row;
    }
    const dB = sqnrOf(sums);
    return Number.isFinite(dB) ? { ...row, dB } : row;
  });
  return model.withPlan(new Plan(rows));
}

/** The tensor that leaves the kernel that a node runs in. */
function resultOf({ name, outputs }: Trace, traces: readonly Trace[]): string {
  const inside = traces.findLast(({ anchor }) => anchor === name);
  return (inside?.outputs ?? outputs)[0] ?? "";
}
