import type { TensorStatistics } from "../calibrate/statistics.ts";
import { infoOf } from "../evaluate/metric.ts";
import { producers } from "../onnx/graph.ts";
import { decide, type Decisions } from "../quantize/decide.ts";
import { describeQConfig } from "../quantize/qconfig.ts";
import { rangedTensors } from "../quantize/static_results.ts";
import type {
  AblatedLayer,
  AblationRecord,
  Effect,
  LayerPair,
  Spread,
} from "../record/ablation_record.ts";
import type { Estimate } from "../record/metric_info.ts";
import { onlyMapping } from "../quantize/only_mapping.ts";
import type { Layer } from "../quantize/layers.ts";
import type { LayerTimes } from "../profile/layer_times.ts";
import { explainSpread, spreadOf } from "../calibrate/spread.ts";
import { askedOf, type Part } from "../study/ablation_mode.ts";
import type { Setup } from "../study/effect_experiment.ts";
import type { ErrorsOfTensor } from "../evaluate/tensor_errors.ts";

/** What an ablation has found so far. */
export interface Found {
  /** By name of the layer. */
  readonly effects: Map<string, Partial<Record<Part, Effect>>>;
  readonly pairs: LayerPair[];
  baseline?: Estimate;
  int8?: Effect;
  tensors?: ReadonlyMap<string, ErrorsOfTensor>;
  times?: LayerTimes;
  runs: number;
  plainRuns: number;
  reused: number;
}

/** What is known from elsewhere. */
export type RecordHead =
  & Pick<AblationRecord, "title" | "model" | "data" | "stopped" | "provenance">
  & { readonly seconds: number };

/** Puts what was found into a record. Measures nothing but what a calibration left behind. */
export async function recordOf(
  found: Found,
  setup: Setup,
  { seconds, ...head }: RecordHead,
): Promise<AblationRecord> {
  const { base, mapping, decisions, layers, metric } = setup.fields;
  // Where it was stopped, what was stored may have been all there is.
  const none = { statistics: new Map<string, TensorStatistics>() };
  const { statistics } =
    await (head.stopped ? setup.calibration().catch(() => none) : setup.calibration());
  const spreads = spreadsOf(statistics);
  const makers = producers(base.graph);
  const tensors = [...rangedTensors(decide(base.graph, mapping)).keys()];
  return {
    schema: 1,
    ...head,
    metric: infoOf(metric),
    baseline: found.baseline!,
    ...(found.int8 && { int8: found.int8 }),
    layers: layers.map((layer) => layerRow(layer, found, setup, spreads)),
    tensors: tensors.map((name) => ({
      name,
      node: makers.get(name)?.name ?? "",
      ...found.tensors?.get(name),
      ...(spreads.has(name) && { spread: spreads.get(name)! }),
    })),
    pairs: found.pairs,
    leftOut: leftOut(decisions),
    cost: {
      seconds,
      runs: found.runs,
      plainRuns: found.plainRuns,
      reused: found.reused,
    },
    ...(found.times && { timing: found.times.timing }),
  };
}

function layerRow(
  layer: Layer,
  { effects, times }: Found,
  setup: Setup,
  spreads: ReadonlyMap<string, Spread>,
): AblatedLayer {
  const { base, decisions } = setup.fields;
  const { name, path, ops, nodes } = layer;
  const asked = askedOf(decisions);
  const tensors = [...rangedTensors(decide(base.graph, onlyMapping(nodes, asked))).keys()];
  const worst = tensors.filter((tensor) => spreads.has(tensor))
    .toSorted((a, b) => spreads.get(a)!.bulk - spreads.get(b)!.bulk)[0];
  return {
    ...{ name, path, ops: [...ops], nodes: [...nodes] },
    qconfig: [...new Set(nodes.map((node) => describeQConfig(asked(node))))].join(" + "),
    ...effects.get(name),
    ...(times?.ms.has(name) && { ms: times.ms.get(name)! }),
    tensors,
    why: worst === undefined ? "" : explainSpread(worst, spreads.get(worst)!) ?? "",
  };
}

function spreadsOf(statistics: ReadonlyMap<string, TensorStatistics>): Map<string, Spread> {
  return new Map(
    [...statistics].flatMap(([name, seen]) => {
      const spread = seen.count > 0 ? spreadOf(seen) : undefined;
      return spread ? [[name, spread] as const] : [];
    }),
  );
}

/** Operators with weights, for which int8 is a question at all. */
const COMPUTES: ReadonlySet<string> = new Set(
  ["Conv", "ConvTranspose", "Gemm", "MatMul", "GRU", "LSTM", "RNN"],
);

function leftOut({ all }: Decisions): AblationRecord["leftOut"] {
  return all.flatMap(({ identity, applied, asked, obstacle, source }) => {
    if (applied.kind !== "float32" || !COMPUTES.has(identity.opType)) return [];
    const why = asked.kind === "float32" ? `${source} asks for float32` : obstacle ?? source;
    return [{ node: identity.name, opType: identity.opType, why }];
  });
}

/** Two layers together, against each one alone. */
export function pairOf(
  layers: readonly [string, string],
  together: Effect,
  [a, b]: readonly [Effect, Effect],
): LayerPair {
  const effects = [together, a, b].map(({ difference }) => difference?.value);
  const [both, one, other] = effects;
  const sum = (a.noise ?? 0) + (b.noise ?? 0);
  return {
    layers: [...layers],
    together,
    ...(both !== undefined && one !== undefined && other !== undefined && {
      interaction: both - one - other,
    }),
    ...(together.noise && sum > 0 && { noise: 10 * Math.log10(together.noise / sum) }),
  };
}
