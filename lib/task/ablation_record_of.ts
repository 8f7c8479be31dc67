import type { TensorStatistics } from "../calibrate/statistics.ts";
import { explainSpread, spreadOf } from "../calibrate/spread.ts";
import { infoOf } from "../evaluate/metric.ts";
import type { ErrorsOfTensor } from "../evaluate/tensor_errors.ts";
import { producers } from "../onnx/graph.ts";
import type { LayerTimes } from "../profile/layer_times.ts";
import { decide, type Decisions } from "../quantize/decide.ts";
import type { Layer } from "../quantize/layers.ts";
import { onlyMapping } from "../quantize/only_mapping.ts";
import { describeQConfig } from "../quantize/qconfig.ts";
import { rangedTensors } from "../quantize/static_results.ts";
import { storableWeights } from "../quantize/weight_only.ts";
import type {
  AblatedLayer,
  AblationRecord,
  Effect,
  LayerPair,
  Spread,
} from "../record/ablation_record.ts";
import type { Estimate } from "../record/metric_info.ts";
import type { LayerEffects } from "../strategy/ablate/ablation_strategy.ts";
import { askedOf } from "../study/ablation_mode.ts";
import type { EffectExperiment } from "../study/effect_experiment.ts";

/** What an ablation has found so far. */
export interface AblationResults {
  /** By name of the layer. */
  readonly effects: ReadonlyMap<string, LayerEffects>;
  readonly pairs: readonly LayerPair[];
  /** What the effects took. */
  readonly cost: { runs: number; plainRuns: number; reused: number };
  /** Float32. */
  baseline?: Estimate;
  /** All layers int8. */
  int8?: Effect;
  /** By name of the tensor. */
  tensors?: ReadonlyMap<string, ErrorsOfTensor>;
  times?: LayerTimes;
}

/** What the record says beside its results. */
export type AblationHead =
  & Pick<AblationRecord, "title" | "model" | "given" | "data" | "stopped" | "provenance">
  & { readonly seconds: number };

/** Puts results into a record. Measures nothing: it reads what calibration has seen. */
export async function recordOf(
  results: AblationResults,
  experiment: EffectExperiment,
  { seconds, ...head }: AblationHead,
): Promise<AblationRecord> {
  const { decisions, layers, metric } = experiment.fields;
  const spreads = await spreadsOf(experiment, head.stopped);
  return {
    schema: 1,
    ...head,
    metric: infoOf(metric),
    baseline: results.baseline!,
    ...(results.int8 && { int8: results.int8 }),
    layers: layers.map((layer) => layerRow(layer, results, experiment, spreads)),
    tensors: tensorRows(results, experiment, spreads),
    pairs: [...results.pairs],
    leftOut: leftOut(decisions),
    cost: { seconds, ...results.cost },
    ...(results.times && { timing: results.times.timing }),
  };
}

function layerRow(
  layer: Layer,
  { effects, times }: AblationResults,
  experiment: EffectExperiment,
  spreads: ReadonlyMap<string, Spread>,
): AblatedLayer {
  const { base, decisions } = experiment.fields;
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

/** All activations that are quantized if all layers are. */
function tensorRows(
  { tensors: errors }: AblationResults,
  { fields: { base, mapping } }: EffectExperiment,
  spreads: ReadonlyMap<string, Spread>,
): AblationRecord["tensors"] {
  const makers = producers(base.graph);
  return [...rangedTensors(decide(base.graph, mapping)).keys()].map((name) => ({
    name,
    node: makers.get(name)?.name ?? "",
    ...errors?.get(name),
    ...(spreads.has(name) && { spread: spreads.get(name)! }),
  }));
}

/**
 * How the values of each tensor are spread.
 *
 * @param stopped Whether the work was stopped, so that calibration may not have come to its end.
 */
async function spreadsOf(
  experiment: EffectExperiment,
  stopped: boolean,
): Promise<Map<string, Spread>> {
  const none = { statistics: new Map<string, TensorStatistics>() };
  const calibration = experiment.calibration();
  const { statistics } = await (stopped ? calibration.catch(() => none) : calibration);
  return new Map(
    [...statistics].flatMap(([name, seen]) => {
      const spread = seen.count > 0 ? spreadOf(seen) : undefined;
      return spread ? [[name, spread] as const] : [];
    }),
  );
}

/** Operators that compute, for which int8 is a question at all. */
const COMPUTES: ReadonlySet<string> = new Set(
  ["Conv", "ConvTranspose", "Gemm", "MatMul", "GRU", "LSTM", "RNN"],
);

function leftOut({ all }: Decisions): AblationRecord["leftOut"] {
  return all.flatMap(({ identity, applied, asked, obstacle, source, node, facts }) => {
    const isLayer = COMPUTES.has(identity.opType) || storableWeights(node, facts).length > 0;
    if (applied.kind !== "float32" || !isLayer) return [];
    const why = asked.kind === "float32" ? `${source} asks for float32` : obstacle ?? source;
    return [{ node: identity.name, opType: identity.opType, why }];
  });
}
