import type { Dataset } from "../data/dataset.ts";
import type { Splits } from "../data/split.ts";
import { nearest, UserError } from "../errors.ts";
import { defaultMetric } from "../evaluate/default_metric.ts";
import type { Metric } from "../evaluate/metric.ts";
import { valueTypes } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import { QUANTIZED_OPSET, raiseOpset } from "../onnx/opset.ts";
import { fuse } from "../passes/fuse.ts";
import { decide, type Decisions } from "../quantize/decide.ts";
import { type QConfigMapping, qconfigMapping } from "../quantize/mapping.ts";
import { nameNodes } from "../onnx/name_nodes.ts";

import { staticInt8 } from "../quantize/qconfig.ts";
import { openRuntime } from "../runtime/open_runtime.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { mostSensitive } from "../record/sensitivity_rank.ts";
import { runtimeVersions } from "../runtime/open_runtime.ts";
import type { Effect, LayerPair } from "../record/ablation_record.ts";
import { OCTAVO_VERSION } from "../study/provenance.ts";
import { makeBases, type Rewrite } from "../passes/exact_form.ts";
import { openStore, type StudyIdentity } from "../study/store.ts";
import type { Feeds } from "../tensor/tensor.ts";
import { Ablation } from "./ablation.ts";
import { int8Layers, joinByPath, type Layer, rewrittenConvs } from "../quantize/layers.ts";
import { layerTimes } from "../profile/layer_times.ts";
import { DOING, hasPart, type Part } from "../study/ablation_mode.ts";
import { type Found, pairOf, recordOf } from "./ablation_record_of.ts";
import { Running } from "../study/running.ts";
import { type AblationProgress, Setup } from "../study/effect_experiment.ts";
import { independentSteps } from "../runtime/single_steps.ts";
import { tensorErrorsOf } from "../evaluate/tensor_errors.ts";

/** What an ablation tells as it goes. */
export type AblationEvent =
  | { readonly kind: "begin"; readonly layers: readonly Layer[] }
  | {
    readonly kind: "effect";
    /** Name of the layer. */
    readonly layer: string;
    readonly part: Part;
    readonly effect: Effect;
    /** Taken from an earlier run. */
    readonly reused: boolean;
  }
  | { readonly kind: "pair"; readonly pair: LayerPair };

/** Options for {@linkcode ablate}. */
export interface AblateOptions {
  /** What int8 is: the form of each layer. @default {static int8 for all that can} */
  mapping?: QConfigMapping;
  /** @default {top-1 with labels, else agreement or SQNR, by the outputs} */
  metric?: Metric;
  /** What tells two metrics of one name apart. @default {the text of its scoring function} */
  metricSource?: string;
  /** The exact float32 form of the network that layers are layers of. @default {"fused"} */
  rewrites?: Rewrite;
  /** Joins layers by the first parts of their module path, so many. @default {each by itself} */
  depth?: number;
  /** Layers by name or module path. @default {all} */
  layers?: readonly string[];
  /** Measures all layers int8 but each, too. @default {true} */
  allBut?: boolean;
  /** Measures the weights of each layer alone, too. @default {false} */
  weights?: boolean;
  /** Measures the activations of each static layer alone, too. @default {false} */
  activations?: boolean;
  /** Number of the most sensitive layers that are measured in pairs; 0 for none. @default {4} */
  pairs?: number;
  /** Times the layers, if it can. @default {true} */
  latency?: boolean;
  /** Samples, drawn at random, that every variant is run on. @default {16} */
  few?: number;
  /**
   * Half the width of an interval that is narrow enough, in the metric's unit, for metrics that are no
   * share. @default {1 dB; for others 1 % of float32's value}
   */
  resolution?: number;
  /** Seed of the draw. @default {0} */
  seed?: number;
  /** Folder for what was measured; the same ablation goes on from there. @default {none} */
  out?: string;
  /** Start over in a folder that holds a study. @default {false} */
  fresh?: boolean;
  /** Workers to use, which stay open. @default {workers of its own} */
  runtime?: Runtime;
  /** Workers, if there is no runtime. @default {one for each core, 8 at most} */
  workers?: number;
  /** Title of the report. @default {the model's name} */
  title?: string;
  /** How to run it again, for the record. @default {"ablate()"} */
  command?: string;
  /** Ends the work early; what has been measured comes back. */
  signal?: AbortSignal;
  onProgress?: (progress: AblationProgress) => void;
}

/** Samples for an ablation: ranges come from `calibration`, effects from `selection`. */
export type AblationData = Pick<Splits, "calibration" | "selection" | "name">;

/**
 * Finds out what int8 costs in each layer of a network: in this layer alone, with all others float32; and
 * in all layers but this one. For each the effect on a metric with its paired 95 % interval, the error of
 * the outputs, and the time of the layer's kernels; for the tensors their own error, what has built up
 * before them, and whether a few outliers take their range, which says why a layer is sensitive. The
 * most sensitive layers are measured in pairs, to see whether their errors add up.
 *
 * It takes a small part of the runs that evaluating every variant on every sample would: see
 * {@linkcode Replay} and {@linkcode measureEffects}. Layers are ranked on the selection split; ranges come
 * from the calibration split; the test split is not touched.
 *
 * Of streams, each step is run from the state that float32 has there: errors that build up over steps are
 * not seen, and the steps of a sequence are counted as if they were independent.
 *
 * ```ts ignore
 * const running = ablate(model, data, { signal });
 * for await (const event of running) {
 *   if (event.kind === "effect") console.log(event.layer, event.part, event.effect.sqnr?.value);
 * }
 * const ablation = await running; // shows itself in a notebook
 * ```
 *
 * @param model The float32 model.
 * @returns Events to loop over, and an {@linkcode Ablation} to wait for.
 * @throws {UserError} If model, data, metric and mapping do not go together, nothing is int8 under the
 * mapping, or `out` holds a study of something else.
 */
export function ablate(
  model: Model,
  data: AblationData,
  options: AblateOptions = {},
): Running<AblationEvent, Ablation> {
  return new Running(work(model, data, options));
}

async function* work(
  model: Model,
  data: AblationData,
  options: AblateOptions,
): AsyncGenerator<AblationEvent, Ablation, void> {
  if (!options.runtime) {
    const { workers } = options;
    await using runtime = openRuntime(workers === undefined ? {} : { workers });
    return yield* work(model, data, { ...options, runtime });
  }
  const started = performance.now();
  const { runtime, signal, seed = 0, few = 16, depth, pairs = 4, resolution } = options;
  const { out, fresh = false, rewrites = "fused", onProgress = () => {} } = options;
  const labelled = data.selection.labels?.some((label) => label >= 0) ?? false;
  const metric = options.metric ?? defaultMetric(valueTypes(model.graph).outputs, labelled);
  requireSamples(data, few);

  onProgress({ doing: "looking at the network", done: 0, of: 1 });
  const bases = await makeBases(fuse(model), await data.calibration.sample(0));
  const raised = raiseOpset(bases[rewrites], QUANTIZED_OPSET);
  const base = raised.withGraph(nameNodes(raised.graph));
  const mapping = options.mapping ??
    qconfigMapping({ default: staticInt8(), onUnsupported: "float32" });
  const decisions = decide(base.graph, mapping);
  const each = int8Layers(decisions, rewrittenConvs(nameNodes(bases.fused.graph), base.graph));
  if (each.length === 0) throw nothingInt8(model, decisions);
  const joined = depth === undefined ? each : joinByPath(each, depth);
  const layers = chooseLayers(joined, options.layers);
  yield { kind: "begin", layers };

  const source = options.metricSource ?? metric.score.toString();
  const identity = await identityOf(model, data, metric, source);
  await using store = await openStore(out, identity, { fresh });
  const dataset = await independentSteps(data.selection, base, runtime, signal);
  const setup = new Setup({
    ...{ base, mapping, decisions, layers, dataset, metric, few, seed, resolution },
    ...{ store, runtime, signal, onProgress, calibrationData: data.calibration },
  });

  const found: Found = { effects: new Map(), pairs: [], runs: 0, plainRuns: 0, reused: 0 };
  const count = (effect: Effect, reused: boolean) => {
    if (reused) found.reused++;
    else found.runs += effect.run;
    found.plainRuns += effect.samples;
  };
  let stopped = false;
  try {
    found.baseline = await setup.baseline();
    for (const part of partsOf(options)) {
      if (part === "allBut" && layers.length === 1) continue; // that would be float32
      const wanted = layers.filter((layer) => hasPart(part, layer, decisions))
        .map((layer) => ({ part, layer }));
      for await (
        const { wanted: { layer }, effect, reused } of setup.effects(wanted, DOING[part])
      ) {
        found.effects.set(layer.name, { ...found.effects.get(layer.name), [part]: effect });
        count(effect, reused);
        yield { kind: "effect", layer: layer.name, part, effect, reused };
      }
    }
    found.int8 = await setup.int8Effect();

    const top = mostSensitive(
      layers.map((layer) => ({ layer, only: found.effects.get(layer.name)?.only })),
      metric,
    ).filter(({ only }) => only?.error === undefined).slice(0, pairs);
    const couples = top.flatMap((a, i) =>
      top.slice(i + 1).map((b) => ({
        ...{ a, b, part: "only" as const },
        layer: { ...a.layer, nodes: [...a.layer.nodes, ...b.layer.nodes] },
      }))
    );
    for await (const { wanted, effect, reused } of setup.effects(couples, "pairs of layers")) {
      const { a, b } = wanted;
      const pair = pairOf([a.layer.name, b.layer.name], effect, [a.only!, b.only!]);
      found.pairs.push(pair);
      count(effect, reused);
      yield { kind: "pair", pair };
    }

    const common = { runtime, ...(signal && { signal }) };
    const samples = await firstSamples(dataset, few);
    onProgress({ doing: "errors of tensors", done: 0, of: 1 });
    found.tensors = await tensorErrorsOf(base, await setup.quantized(), samples, common);
    if (options.latency ?? true) {
      onProgress({ doing: "timing layers", done: 0, of: 1 });
      const timed = samples.slice(0, TIMED_SAMPLES);
      found.times = await layerTimes(base, await setup.quantized(), layers, timed, common);
    }
  } catch (error) {
    if (!signal?.aborted || found.effects.size === 0) throw error;
    stopped = true;
  }
  const record = await recordOf(found, setup, {
    title: options.title ?? model.name.replace(/\.onnx$/, ""),
    model: { name: model.name, hash: await model.hash(), bytes: model.bytes().length },
    data: { name: data.name, splits: identity.data.splits.map((split) => ({ ...split })) },
    seconds: Math.round((performance.now() - started) / 100) / 10,
    stopped,
    provenance: {
      command: options.command ?? "ablate()",
      versions: { octavo: OCTAVO_VERSION, ...runtimeVersions() },
      options: { rewrites, few, seed, pairs, depth: depth ?? null, resolution: resolution ?? null },
    },
  });
  return new Ablation(record);
}

/** Samples that take turns while layers are timed. */
const TIMED_SAMPLES = 4;

function partsOf({ allBut = true, weights, activations }: AblateOptions): Part[] {
  return [
    "only",
    ...(weights ? ["weights" as const] : []),
    ...(activations ? ["activations" as const] : []),
    ...(allBut ? ["allBut" as const] : []),
  ];
}

async function firstSamples(dataset: Dataset, count: number): Promise<Feeds[]> {
  const indices = Array.from({ length: Math.min(count, dataset.length) }, (_, i) => i);
  return await Promise.all(indices.map((index) => dataset.sample(index)));
}

/** Fewer samples give no interval. */
const FEWEST = 4;

function requireSamples({ selection }: AblationData, few: number): void {
  if (!Number.isInteger(few) || few < FEWEST) {
    throw new UserError(
      `Cannot ablate on ${few} samples a layer: "few" must be a whole number from ${FEWEST}`,
    );
  }
  if (selection.length >= FEWEST) return;
  throw new UserError(
    `Cannot ablate on the ${selection.length} samples of ${selection.name}: at least ${FEWEST} are ` +
      `needed to tell an effect from noise, and some hundreds for half a point; bring more samples`,
  );
}

function nothingInt8({ name }: Model, { all }: Decisions): UserError {
  const reasons = [...new Set(all.flatMap(({ obstacle }) => obstacle ?? []))].slice(0, 3);
  return new UserError(
    `Cannot ablate ${name}: nothing in it is int8 under the mapping` +
      (reasons.length > 0 ? ` (${reasons.join("; ")})` : "") +
      `; ask for other forms, as dynamicInt8() or staticInt8({ kernels: "any" })`,
  );
}

/** The layers that are named, by their own name or the path of a module they are in. */
function chooseLayers(layers: readonly Layer[], names: readonly string[] | undefined): Layer[] {
  if (names === undefined) return [...layers];
  const isIn = ({ name, path, nodes }: Layer, wanted: string) =>
    name === wanted || path === wanted || path.startsWith(`${wanted}.`) || nodes.includes(wanted);
  const idle = names.find((wanted) => !layers.some((layer) => isIn(layer, wanted)));
  if (idle !== undefined) {
    const near = nearest(idle, layers.flatMap(({ name, path }) => [name, path]).filter(Boolean));
    throw new UserError(
      `Cannot ablate the layer "${idle}": no int8 layer has this name or module path; ` +
        (near.length > 0
          ? `nearest are ${near.map((name) => `"${name}"`).join(", ")}`
          : `\`inspect\` lists the nodes and their module paths`),
    );
  }
  return layers.filter((layer) => names.some((wanted) => isIn(layer, wanted)));
}

async function identityOf(
  model: Model,
  data: AblationData,
  { name, unit }: Metric,
  source: string,
): Promise<StudyIdentity> {
  const split = async (name: "calibration" | "selection") => ({
    name,
    samples: data[name].length,
    hash: await data[name].hash(),
  });
  return {
    model: { name: model.name, hash: await model.hash() },
    data: { name: data.name, splits: [await split("calibration"), await split("selection")] },
    metric: { name, unit, source },
    versions: {
      octavo: OCTAVO_VERSION,
      "onnxruntime-web": runtimeVersions()["onnxruntime-web"]!,
    },
  };
}
