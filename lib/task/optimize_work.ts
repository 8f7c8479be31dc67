import { calibrate } from "../calibrate/calibrate.ts";
import { type Dataset, slice } from "../data/dataset.ts";
import { coldStartRatios } from "../evaluate/cold_start_ratios.ts";
import { latencyRatio } from "../evaluate/latency.ts";
import { timingConditions } from "../evaluate/timing_conditions.ts";
import type { Model } from "../onnx/model.ts";
import { writeAsProducts } from "../passes/exact_form.ts";
import { fuse } from "../passes/fuse.ts";
import { asExecuted } from "../quantize/as_executed.ts";
import { convert } from "../quantize/convert.ts";
import { requireFloat } from "../quantize/decide.ts";
import { type ConvForms, writeForms } from "../quantize/write_forms.ts";
import { type QConfigMapping, qconfigMapping } from "../quantize/mapping.ts";
import { readBack } from "../quantize/one_call.ts";
import { prepare } from "../quantize/prepare.ts";
import { QuantizedModel } from "../quantize/quantized_model.ts";
import { explainFile, takeNetwork } from "../quantize/take_network.ts";
import { float32 as float32QConfig } from "../quantize/qconfig.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { KernelTimesRecord } from "../record/kernel_times_record.ts";
import { isCostlyToOpen, loadRatios } from "../record/load_ratios.ts";
import type { LayerChoices } from "../record/layer_choices.ts";
import type { ConvProduct } from "../record/recipe.ts";
import type { Feeds } from "../tensor/tensor.ts";
import { fullestSample } from "../cost/fullest_sample.ts";
import {
  budgetOf,
  convsOf,
  decibelsOfConvs,
  exactProblem,
  fastestBase,
  type PlacedNetwork,
  rewritesOf,
} from "../cost/fastest_form.ts";
import { placementProblem } from "../cost/candidates.ts";
import { KernelTimes } from "../cost/kernel_times.ts";
import { explainLayers } from "../cost/explain_layers.ts";
import { mappingOf } from "../cost/mapping_of_placement.ts";
import { Optimized, type OptimizedParts } from "./optimized.ts";
import type { OptimizeOptions } from "./optimize_options.ts";
import type { FileForms } from "./file_forms.ts";
import { requireLayers } from "./require_layers.ts";
import { placementMs } from "../cost/placement.ts";
import { likeTheFirst, shapesOf } from "../data/first_samples.ts";
import { withErrors } from "../evaluate/plan_errors.ts";
import { withTimes } from "../profile/plan_times.ts";
import { profileModel } from "../profile/profile_model.ts";
import { solvePlacement } from "../cost/solve.ts";
import { TIGHTER } from "../cost/tighter_limits.ts";
import { type NetworkFacts, networkFacts } from "../cost/network_facts.ts";

/** What `optimize()` does, in a runtime. */
export async function optimizeIn(
  runtime: Runtime,
  model: Model,
  samples: Dataset | readonly Feeds[],
  options: OptimizeOptions,
): Promise<Optimized> {
  const { onProgress = () => {} } = options;
  const context: Context = { ...options, runtime, onProgress };
  const taken = takeNetwork(model);
  const alike = await likeTheFirst(samples, model.name);
  const fullest = await fullestSample(fuse(taken.network), samples, context);
  const feeds = [fullest, ...alike.filter((one) => one !== fullest)].slice(0, alike.length);
  const ratios = loadRatios(options);
  let measured: Optimized | undefined;
  for (const share of SHARES) {
    const placed = await place(taken.network, feeds[0]!, context, share);
    onProgress("building it");
    const converted = explainFile(await build(placed, samples, context), taken);
    measured = new Optimized({
      given: model,
      ...(taken.given && { file: taken.given }),
      mapping: placed.mapping,
      rewrites: placed.rewrites,
      convs: placed.convs,
      predictedMs: placed.ms,
      drifted: placed.drifted,
      kernelTimes: placed.kernelTimes,
      why: placed.why,
      ...ratios,
      shapes: shapesOf(feeds[0]!),
      ...await measure(model, placed, converted, feeds, context),
    });
    if (!isCostlyToOpen(ratios, { coldStart: measured.parts.coldStart?.built })) break;
  }
  return measured!;
}

/** Shares of the limits on opening that are planned with: the next, where what was built is above one. */
const SHARES = [1, TIGHTER];

type Context =
  & OptimizeOptions
  & Required<Pick<OptimizeOptions, "runtime" | "onProgress">>
  & { readonly file?: FileForms };

/** The fastest forms of a network that was an int8 file, unmeasured. */
export interface BuiltOfFile {
  /** What takes least, as the runtime executes it. */
  readonly built: QuantizedModel;
  /** The same without int8, but for how weights are stored. */
  readonly float32: QuantizedModel;
  /** Measurements of nodes during which the machine changed its pace. */
  readonly drifted: number;
}

/**
 * Makes a network fast that was read from an int8 file: with the integers of its weights, the ranges of its
 * activations, and int8 only where the file allows it.
 *
 * @param samples The first decides on the shapes; ranges that the file lacks are found on all, where its
 * forms may need any.
 */
export async function buildOfFile(
  model: Model,
  samples: Dataset | readonly Feeds[],
  file: FileForms,
  options: OptimizeOptions & Required<Pick<OptimizeOptions, "runtime">>,
): Promise<BuiltOfFile> {
  const context: Context = { onProgress: () => {}, ...options, file };
  const [feeds] = await likeTheFirst(samples, model.name);
  const placed = await place(model, feeds!, context, TIGHTER);
  const converted = await build(placed, samples, context);
  const float32 = floatOf(placed);
  const { format, runtime } = context;
  const executed = format === "qdq" ? converted : await asExecuted(converted, runtime);
  const { name, plan, traces } = converted;
  const built = new QuantizedModel(executed.proto, name, plan, traces);
  return { built, float32, drifted: placed.drifted };
}

/** A placed network in float32. */
function floatOf({ network, exactConvs }: Placed): QuantizedModel {
  const float = convert(network.model, qconfigMapping({ default: float32QConfig }));
  return writeForms(float, network, { convs: exactConvs, operators: "fast" });
}

/** How a network is to be computed. */
interface Placed {
  /** The float32 network with Convs as matrix products. */
  readonly network: NetworkFacts;
  readonly mapping: QConfigMapping;
  readonly rewrites: readonly ConvProduct[];
  /** What Convs are written as where they stay float32; and where all do. */
  readonly convs: ConvForms;
  readonly exactConvs: ConvForms;
  /** Whether all stays float32. */
  readonly isExact: boolean;
  /** What the times of its nodes promise, ms. */
  readonly ms: number;
  /** Measurements of nodes during which the machine changed its pace. */
  readonly drifted: number;
  readonly kernelTimes: KernelTimesRecord;
  /** Of the Convs of both, dB by name. */
  readonly decibels: Readonly<Record<string, number>>;
  readonly why: readonly LayerChoices[];
}

/**
 * Times the forms of all nodes, and chooses.
 *
 * @param share Of the limits on what it may take to open.
 */
async function place(
  model: Model,
  feeds: Feeds,
  context: Context,
  share: number,
): Promise<Placed> {
  const { qconfig = "fastest", smallWeights = true, cache, signal, runtime, onProgress } = context;
  const int8 = qconfig === "fastest";
  const allows = context.file?.allows;
  const kernelTimes = await KernelTimes.open(runtime, {
    ...{ cache, signal, fresh: context.fresh, kernelTimer: context.kernelTimer },
    onProgress: (done, all) => onProgress(`timing forms of nodes: ${done} of ${all}`),
  });
  onProgress("looking at the network");
  const fused = fuse(model);
  requireLayers(fused, context.why ?? []);
  if (int8 && !context.file) requireFloat(fused.graph);
  const given = await networkFacts(fused, feeds, { runtime, signal });
  const { maxCreate, maxHeap } = loadRatios(context);
  const ratios = { maxCreate: share * maxCreate, maxHeap: share * maxHeap };
  const best = await fastestBase(given, feeds, {
    ...{ kernelTimes, runtime, int8, allows, signal, ratios },
    spare: true,
  });
  const rewrites = rewritesOf(best);
  const written = writeAsProducts(best.network.model, best.network.shapes, rewrites);
  let { network, problem, chosen } = best;
  if (written !== network.model) {
    network = await networkFacts(written, feeds, { runtime, signal });
    const budget = budgetOf(given, ratios);
    problem = await placementProblem(network, kernelTimes, {
      ...{ int8, allows, rewrites: false, spare: true, budget },
      check: { runtime, signal },
    });
    chosen = await solvePlacement(problem);
  }
  const mapping = int8
    ? mappingOf(network, problem, chosen, { smallWeights, onlyKnown: context.file !== undefined })
    : qconfigMapping({ default: float32QConfig });
  const ms = placementMs(problem, chosen);
  const exact = int8 ? await solvePlacement(exactProblem(problem)) : chosen;
  const { drifted, record } = kernelTimes;
  const layers = context.why ?? [];
  if (layers.length > 0) onProgress("looking at the layers that were asked about");
  const why = layers.length > 0
    ? await explainLayers(settled(best, { network, problem, chosen }), {
      ...{ layers, int8, runtime, signal },
    })
    : [];
  return {
    ...{ network, mapping, rewrites, ms, drifted, kernelTimes: record },
    ...{ convs: convsOf(problem, chosen), exactConvs: convsOf(problem, exact) },
    decibels: { ...decibelsOfConvs(problem, exact), ...decibelsOfConvs(problem, chosen) },
    ...{ why, isExact: !int8 },
  };
}

/**
 * What was chosen in the end, where it was among the choices before Convs became products: those that
 * did, and what only the products have, stay as they were chosen first.
 */
function settled(first: PlacedNetwork, last: PlacedNetwork): PlacedNetwork {
  const ends = new Map(
    last.problem.kernels.flatMap(({ nodes }, i) =>
      nodes.map(({ name }) => [name, last.chosen[i]!] as const)
    ),
  );
  const chosen = first.problem.kernels.map(({ nodes, choices }, i) => {
    const own = first.chosen[i]!;
    const end = ends.get(nodes[0]!.name);
    if (own.rewrite || !end) return own;
    return choices.find(({ kind, rewrite, written, input, output }) =>
      !rewrite && kind === end.kind && written === end.written && input === end.input &&
      output === end.output
    ) ?? own;
  });
  return { ...first, chosen };
}

/** Finds the ranges that a placed network needs, and converts it. */
async function build(
  { network, mapping, convs, decibels }: Placed,
  samples: Dataset | readonly Feeds[],
  { calibration = 100, file, runtime, signal }: Context,
): Promise<QuantizedModel> {
  const { model } = network;
  const prepared = prepare(model, mapping);
  const data = "sample" in samples ? slice(samples, 0, calibration) : samples.slice(0, calibration);
  const isKnown = file?.isRestricted || prepared.tensors.length === 0;
  const ranges = isKnown ? undefined : await calibrate(prepared, data, { runtime, signal });
  const own = file ? { ...mapping, fileRanges: file.ranges } : mapping;
  return writeForms(convert(model, own, ranges), network, {
    ...{ convs, decibels },
    operators: "fast",
  });
}

/** Measures what was built, and its float32 network, against the model as given. */
async function measure(
  given: Model,
  placed: Placed,
  converted: QuantizedModel,
  feeds: readonly Feeds[],
  { rounds = 15, coldRounds = 3, format, runtime, signal, onProgress }: Context,
): Promise<Pick<OptimizedParts, "float32" | "built" | "latency" | "coldStart" | "profiles">> {
  onProgress("measuring it against the model as given");
  const { network, isExact } = placed;
  const built = format === "qdq" ? converted : await asExecuted(converted, runtime);
  // Where nothing may be int8, what was built is the float32 network.
  const float32 = isExact ? built : floatOf(placed);
  const models = isExact ? [given, built] : [given, float32, built];
  const last = models.length - 1;
  const times = await runtime.times(models, feeds, { rounds, signal });
  const conditions = await timingConditions(runtime);
  const against = (candidate: number) => latencyRatio(times, { candidate, ...conditions });
  onProgress("looking what a page waits for");
  const starts = coldRounds > 0 &&
    await runtime.coldStart?.(models, feeds[0]!, { rounds: coldRounds, signal });
  onProgress("looking where the time goes");
  const before = await profileModel(given, feeds, { runtime, signal });
  const after = await profileModel(built, feeds, { runtime, signal });
  const timed = withTimes(await readBack(converted, runtime), after);
  const { plan, traces } = await withErrors(timed, network.model, feeds, { runtime, signal });
  return {
    float32,
    built: new QuantizedModel(built.proto, built.name, plan, traces),
    latency: { float32: against(1), built: against(last) },
    ...(starts && {
      coldStart: { float32: coldStartRatios(starts), built: coldStartRatios(starts, last) },
    }),
    profiles: { before, after },
  };
}
