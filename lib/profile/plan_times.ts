import { Plan } from "../quantize/plan.ts";
import type { QuantizedModel } from "../quantize/quantized_model.ts";
import type { ProfileRecord } from "../record/profile_record.ts";

/**
 * Fills in what each node of a plan takes, from a profile of the quantized model. What changes precision
 * or layout around a node is not its own, and counts to none.
 */
export function withTimes(model: QuantizedModel, { nodes }: ProfileRecord): QuantizedModel {
  const times = new Map<string, number>();
  for (const { node, ms } of nodes) if (node) times.set(node, (times.get(node) ?? 0) + ms);
  const rows = model.plan.rows.map((row, i) => {
    const { name, pieces } = model.traces[i]!;
    const own = [...pieces?.nodes ?? [name]].flatMap((one) => times.get(one) ?? []);
    return own.length === 0 ? row : { ...row, ms: own.reduce((sum, ms) => sum + ms, 0) };
  });
  return model.withPlan(new Plan(rows));
}
