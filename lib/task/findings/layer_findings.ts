import type { DiagnosisRecord, FileFinding } from "../../record/diagnosis_record.ts";
import { type LayerRule, ruleOf } from "./layer_rules.ts";
import { type LayerView, mainNode } from "./layer_view.ts";

/** By how much times of a layer have to differ to be told apart: single kernels differ by less, by chance. */
const APART = 1.15;

/** What layers of a file that are int8 take, told by why. */
export interface LayerFindings extends Pick<DiagnosisRecord, "faster" | "alike"> {
  readonly findings: readonly FileFinding[];
}

/**
 * Sorts layers that are int8 into those that are slower than float32, by the rule that says why, and those
 * that are not.
 */
export function layerFindings(views: readonly LayerView[], wholeMs: number): LayerFindings {
  const slow = views.filter(({ cost: { ms, otherMs } }) => ms > APART * otherMs);
  const fast = views.filter(({ cost: { ms, otherMs } }) => otherMs > APART * ms);
  const groups = Map.groupBy(slow, ruleOf);
  return {
    findings: [...groups].map(([rule, own]) => findingOf(rule, own, wholeMs)),
    alike: views.length - slow.length - fast.length,
    ...(fast.length > 0 && {
      faster: { layers: fast.length, ms: sumOf(fast, "ms"), float32Ms: sumOf(fast, "otherMs") },
    }),
  };
}

function findingOf(rule: LayerRule, own: readonly LayerView[], wholeMs: number): FileFinding {
  const ms = sumOf(own, "ms");
  const mendedMs = sumOf(own, "otherMs");
  return {
    rule: rule.id,
    title: rule.title,
    nodes: [...new Set(own.map(mainNode))],
    layers: own.length,
    ...{ ms, share: ms / wholeMs, mendedMs, mendedAs: "float32", savesMs: ms - mendedMs },
    why: rule.why,
    mends: rule.mends,
  };
}

function sumOf(views: readonly LayerView[], key: "ms" | "otherMs"): number {
  return views.reduce((sum, { cost }) => sum + cost[key], 0);
}
