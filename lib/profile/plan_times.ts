import { producers } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import { withOutputs } from "../onnx/outputs.ts";
import { Plan } from "../quantize/plan.ts";
import type { QuantizedModel, Trace } from "../quantize/quantized_model.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { ProfileRecord } from "../record/profile_record.ts";
import type { Feeds } from "../tensor/tensor.ts";

/**
 * Fills in what each node of a plan takes, from a profile of the quantized model. What changes precision
 * or layout around a node is not its own, and counts to none.
 */
export function withTimes(model: QuantizedModel, { nodes }: ProfileRecord): QuantizedModel {
  const times = new Map<string, number>();
  for (const { node, ms } of nodes) if (node) times.set(node, (times.get(node) ?? 0) + ms);
  const rows = model.plan.rows.map((row, i) => {
    const ms = times.get(model.traces[i]!.name);
    return ms === undefined ? row : { ...row, ms };
  });
  return model.withPlan(new Plan(rows));
}

/** Options for {@linkcode withErrors}. */
export interface WithErrorsOptions {
  runtime: Runtime;
  signal?: AbortSignal;
}

/**
 * Fills in how far what each node gives is from what it gives in float32: SQNR in dB, over all samples,
 * errors of all nodes before it included. What runs inside a kernel has no value of its own; that of
 * the kernel's last node counts to the first.
 *
 * @param float32 The model that `model` was converted from.
 */
export async function withErrors(
  model: QuantizedModel,
  float32: Model,
  samples: readonly Feeds[],
  options: WithErrorsOptions,
): Promise<QuantizedModel> {
  const { runtime, signal } = options;
  const results = model.traces.map((trace) => resultOf(trace, model.traces));
  const [made, kept] = [producers(float32.graph), producers(model.graph)];
  const names = [...new Set(results)].filter((name) => made.has(name) && kept.has(name));
  const errors = new Map(names.map((name) => [name, { signal: 0, noise: 0 }]));
  const runs = runtime.run(withOutputs(model, names), samples, { outputs: names, signal });
  for await (
    const reference of runtime.run(withOutputs(float32, names), samples, { outputs: names, signal })
  ) {
    const { value: own } = await runs.next();
    for (const [name, sum] of errors) {
      const [a, b] = [reference[name], own?.[name]];
      if (a?.type !== "float32" || b?.type !== "float32" || a.data.length !== b.data.length) {
        continue;
      }
      const [x, y] = [a.data as Float32Array, b.data as Float32Array];
      for (let i = 0; i < x.length; i++) {
        sum.signal += x[i]! ** 2;
        sum.noise += (x[i]! - y[i]!) ** 2;
      }
    }
  }
  const rows = model.plan.rows.map((row, i) => {
    const { anchor, inBody } = model.traces[i]!;
    const sum = errors.get(results[i]!);
    if (!sum || anchor !== undefined || inBody || sum.noise === 0 || sum.signal === 0) return row;
    return { ...row, dB: 10 * Math.log10(sum.signal / sum.noise) };
  });
  return model.withPlan(new Plan(rows));
}

/** The tensor that leaves the kernel that a node runs in. */
function resultOf({ name, outputs }: Trace, traces: readonly Trace[]): string {
  const inside = traces.findLast(({ anchor }) => anchor === name);
  return (inside?.outputs ?? outputs)[0] ?? "";
}
