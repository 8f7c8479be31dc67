import { OutputCloseness } from "../evaluate/output_closeness.ts";
import { withErrors } from "../evaluate/plan_errors.ts";
import { producers } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import type { NodeProto } from "../onnx/onnx_pb.ts";
import { convert } from "../quantize/convert.ts";
import type { Rule } from "../quantize/mapping.ts";
import { float32 } from "../quantize/qconfig.ts";
import type { QuantizedModel } from "../quantize/quantized_model.ts";
import { MAX_SQNR } from "../record/metric_info.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Feeds } from "../tensor/tensor.ts";
import type { Converted } from "./keep_speed.ts";

/** SQNR below which nothing of a result can be used, dB: a third of it is noise. */
export const DESTROYED = 10;

/** SQNR from which a network is mended, dB: a tenth of its result is noise. */
export const MENDED = 20;

/** Steps that are taken against the flow from where the error shows. */
const STEPS = 8;

/** Where int8 destroys what a network gives. */
export interface Damage {
  /** Name of the node behind which the error shows. */
  readonly node: string;
  readonly opType: string;
  /** SQNR of what it reads and of what it gives, dB; the former absent where that is exact. */
  readonly before?: number;
  readonly after: number;
  /**
   * Names of nodes that mend it when they stay float32, as far as that goes; empty where what is left
   * could not be used either.
   */
  readonly rules: readonly string[];
  /** SQNR of the network's outputs with these rules, dB; mended from {@linkcode MENDED} on. */
  readonly mended: number;
}

/** Options for {@linkcode findDamage}. */
export interface FindDamageOptions {
  runtime: Runtime;
  signal?: AbortSignal;
}

/**
 * Finds the node behind which a quantized network is destroyed, and the fewest int8 layers before it that
 * mend it when they stay float32: the small values before a Log or a division, for one, which int8
 * rounds to nothing.
 *
 * @param samples A few to look at.
 * @returns Undefined if the error shows nowhere inside.
 */
export async function findDamage(
  damaged: Converted,
  samples: readonly Feeds[],
  options: FindDamageOptions,
): Promise<Damage | undefined> {
  const { float32: exact, mapping, calibration } = damaged;
  const { plan, traces } = await withErrors(damaged.int8, exact, samples, options);
  const makers = producers(exact.graph);
  const rowOf = new Map(traces.map(({ outputs }, i) => [outputs[0] ?? "", i]));
  const errorAt = (name: string) => plan.rows[rowOf.get(name) ?? -1]?.dB;
  const readsOf = (i: number) => makers.get(traces[i]!.outputs[0] ?? "")?.input ?? [];
  const falls = plan.rows.flatMap(({ dB }, i) => {
    if (dB === undefined) return [];
    const read = readsOf(i).flatMap((name) => errorAt(name) ?? []);
    const before = read.length > 0 ? Math.min(...read) : undefined;
    return [{ i, before, after: dB, fall: (before ?? EXACT) - dB }];
  });
  const end = falls.findIndex(({ after }) => after < DESTROYED);
  if (end < 0) return undefined;
  const worst = falls.slice(0, end + 1).reduce((a, b) => b.fall > a.fall ? b : a);

  const { node, opType } = plan.rows[worst.i]!;
  const found = {
    ...{ node, opType, after: worst.after },
    ...(worst.before !== undefined && { before: worst.before }),
  };
  const lowest = falls.reduce((a, b) => b.after < a.after ? b : a);
  const starts = [worst.i, lowest.i].map((i) => traces[i]!.outputs[0]!);
  let best: Pick<Damage, "rules" | "mended"> = { rules: [], mended: -Infinity };
  for (const rules of candidates(starts, damaged.int8, makers)) {
    const asked = [...mapping.rules, ...rules.map((name): Rule => [name, float32])];
    const candidate = convert(
      exact,
      { ...mapping, rules: asked, onUnsupported: "float32" },
      calibration,
    );
    const mended = await outputError(exact, candidate, samples, options);
    if (mended > best.mended) best = { rules, mended };
    if (mended >= MENDED) break;
  }
  return { ...found, ...best, ...best.mended < DESTROYED && { rules: [] } };
}

/**
 * Names of nodes that may mend a network, fewest first: the layers before where the error grows most,
 * then before where it is largest, since several ways may bring it there.
 */
function* candidates(
  starts: readonly string[],
  int8: QuantizedModel,
  makers: ReadonlyMap<string, NodeProto>,
): Generator<readonly string[]> {
  for (const start of new Set(starts)) {
    let names: readonly string[] = [];
    for (const layers of upstream(start, int8, makers)) yield names = [...names, ...layers];
  }
}

/** What an exact value counts as, dB. */
const EXACT = 60;

/** Names of the int8 layers before a value, the nearest first; each step is one layer farther. */
function* upstream(
  value: string,
  { traces, plan }: QuantizedModel,
  makers: ReadonlyMap<string, NodeProto>,
): Generator<string[]> {
  const indexOf = new Map(traces.flatMap(({ outputs }, i) => outputs.map((name) => [name, i])));
  const seen = new Set<string>();
  let open = [value];
  for (let step = 0; step < STEPS && open.length > 0; step++) {
    const names: string[] = [];
    const next: string[] = [];
    while (open.length > 0) {
      const name = open.pop()!;
      const maker = makers.get(name);
      if (!maker || seen.has(name)) continue;
      seen.add(name);
      const i = indexOf.get(name);
      const isInt8 = i !== undefined && /^(static|dynamic|weightOnly)$/.test(traces[i]!.form);
      if (isInt8) names.push(plan.rows[i]!.node);
      // What a kernel has taken in belongs to the same layer.
      const isInside = i !== undefined && traces[i]!.anchor !== undefined;
      (isInt8 && !isInside ? next : open).push(...maker.input);
    }
    if (names.length > 0) yield names;
    open = next;
  }
}

/** SQNR of the worst output over all samples, dB; -Infinity where there is nothing to compare. */
async function outputError(
  float32: Model,
  candidate: Model,
  samples: readonly Feeds[],
  { runtime, signal }: FindDamageOptions,
): Promise<number> {
  const closeness = new OutputCloseness();
  await using others = runtime.run(candidate, samples, { ...signal && { signal } });
  for await (const exact of runtime.run(float32, samples, { ...signal && { signal } })) {
    const { value: results } = await others.next();
    closeness.add(exact, results ?? {});
  }
  const worst = closeness.worst();
  return worst ? worst.sqnr ?? MAX_SQNR : -Infinity;
}
