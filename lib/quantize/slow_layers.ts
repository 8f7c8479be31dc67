import type { GraphProto } from "../onnx/onnx_pb.ts";
import { milliseconds } from "../report/format.ts";
import type { SlowLayer } from "../record/recipe.ts";
import { decide } from "./decide.ts";
import type { QConfigMapping, Rule } from "./mapping.ts";
import { Plan } from "./plan.ts";
import type { WeightOnly } from "./qconfig.ts";
import type { QuantizedModel } from "./quantized_model.ts";

/** Those of the layers that a mapping would make static int8. */
export function slowUnder(
  graph: GraphProto,
  mapping: QConfigMapping,
  slow: readonly SlowLayer[],
): SlowLayer[] {
  if (slow.length === 0) return [];
  const statics = new Set(
    decide(graph, mapping).all.flatMap(({ applied, identity: { name } }) =>
      applied.kind === "static" ? [name] : []
    ),
  );
  return slow.filter(({ nodes }) => nodes.some((name) => statics.has(name)));
}

/** The mapping with the layers in float32 that int8 slows, their weights stored small. */
export function withoutSlow(
  mapping: QConfigMapping,
  slow: readonly SlowLayer[],
  small: WeightOnly,
): QConfigMapping {
  if (slow.length === 0) return mapping;
  const rules = slow.flatMap(({ nodes }) => nodes.map((name): Rule => [name, small]));
  return { ...mapping, rules: [...mapping.rules, ...rules], onUnsupported: "float32" };
}

/** The model with both times in the plan, in the place of a rule that nobody wrote. */
export function explainSlow(model: QuantizedModel, slow: readonly SlowLayer[]): QuantizedModel {
  if (slow.length === 0) return model;
  const reasons = new Map(slow.flatMap(({ nodes, int8Ms, float32Ms }) =>
    nodes.map((name) => [
      name,
      `its int8 kernel takes ${milliseconds(int8Ms)} ms, float32's ${milliseconds(float32Ms)} ms ` +
      "with changes of precision around it",
    ])
  ));
  return explainInstead(model, (node) => reasons.get(node), () => "static");
}

/**
 * The model with a reason in the plan rows of what became something else than was asked for.
 *
 * @param reasonOf Of a node; undefined leaves its row as it is.
 * @param wasOf The form that the node would have.
 */
export function explainInstead(
  model: QuantizedModel,
  reasonOf: (node: string) => string | undefined,
  wasOf: (node: string) => string | undefined,
): QuantizedModel {
  const rows = model.plan.rows.map((row, i) => {
    const was = wasOf(row.node);
    const { form } = model.traces[i]!;
    const reason = reasonOf(row.node);
    if (reason === undefined || was === undefined || was === form || was === "float32") return row;
    const { applied: _, ...rest } = row;
    return {
      ...rest,
      asked: was,
      ...(form !== was && { applied: form }),
      why: `${form} instead: ${reason}`,
    };
  });
  return model.withPlan(new Plan(rows));
}
