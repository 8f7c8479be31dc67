import { calibrate } from "../calibrate/calibrate.ts";
import { type Dataset, slice } from "../data/dataset.ts";
import { coldStartRatios } from "../evaluate/cold_start_ratios.ts";
import { latencyRatio } from "../evaluate/latency.ts";
import type { Model } from "../onnx/model.ts";
import { writeAsProducts } from "../passes/exact_form.ts";
import { fuse } from "../passes/fuse.ts";
import { asExecuted, type FileFormat } from "../quantize/as_executed.ts";
import { convert } from "../quantize/convert.ts";
import { requireFloat } from "../quantize/decide.ts";
import { type QConfigMapping, qconfigMapping } from "../quantize/mapping.ts";
import { readBack } from "../quantize/one_call.ts";
import { prepare } from "../quantize/prepare.ts";
import { QuantizedModel } from "../quantize/quantized_model.ts";
import { float32 } from "../quantize/qconfig.ts";
import { machineLoad, openRuntime } from "../runtime/open_runtime.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { KernelTimesRecord } from "../record/kernel_times_record.ts";
import { DEFAULT_MAX_CREATE } from "../record/best.ts";
import type { ConvProduct } from "../record/recipe.ts";
import type { Feeds } from "../tensor/tensor.ts";
import { fullestSample } from "../cost/fullest_sample.ts";
import { fastestBase, rewritesOf } from "../cost/fastest_form.ts";
import { placementProblem } from "../cost/candidates.ts";
import { type KernelTimer, KernelTimes } from "../cost/kernel_times.ts";
import { mappingOf } from "../cost/mapping_of_placement.ts";
import { Optimized, type OptimizedParts } from "./optimized.ts";
import { placementMs } from "../cost/placement.ts";
import { likeTheFirst, shapesOf } from "../data/first_samples.ts";
import { withErrors } from "../evaluate/plan_errors.ts";
import { withTimes } from "../profile/plan_times.ts";
import { profileModel } from "../profile/profile_model.ts";
import { solvePlacement } from "../cost/solve.ts";
import { networkFacts } from "../cost/network_facts.ts";

/** Options for {@linkcode optimize}. */
export interface OptimizeOptions {
  /**
   * `fastest` takes whatever form of each node makes the whole fastest, int8 among them, and leaves
   * accuracy aside; `float32` only rewrites, which changes no result beyond the order of sums.
   * @default {"fastest"}
   */
  qconfig?: "fastest" | "float32";
  /** Stores the weights of what stays float32 as int8, if int8 is allowed at all. @default {true} */
  smallWeights?: boolean;
  /** Samples to find ranges with, at most. @default {100} */
  calibration?: number;
  /** How int8 is written, see {@linkcode asExecuted}. @default {"operators"} */
  format?: FileFormat;
  /** Where measured times are kept for the next time; false: nowhere. @default {the user's cache folder} */
  cache?: string | false;
  /** Measures kept times again, and keeps those in their place. @default {false} */
  fresh?: boolean;
  /** Workers to measure in. @default {one of its own} */
  runtime?: Runtime;
  /** Threads of the runtime, if there is no runtime. @default {1} */
  threads?: number;
  /** Rounds of the measurement at the end. @default {15} */
  rounds?: number;
  /**
   * Workers per model in which it is measured what a page waits for at its first visit: half a second
   * each. 0 leaves it out. @default {3}
   */
  coldRounds?: number;
  /**
   * Largest accepted ratio of the time to create a session to that of the model as given. What takes
   * longer beyond doubt is not chosen. @default {2}
   */
  maxCreate?: number;
  /**
   * What times the forms of nodes, where tests need a clock of their own.
   * @default {the runtime's own clock}
   * @ignore
   */
  kernelTimer?: KernelTimer;
  /** Ends the work early: the promise is then rejected with the signal's reason. */
  signal?: AbortSignal;
  /** Called with what is being done. */
  onProgress?: (step: string) => void;
}

/**
 * Makes a network fast on onnxruntime-web's WASM kernels, by measurement: every node, and every form it
 * can be rewritten into or quantized to, is timed by itself on this machine; changes of precision and
 * layout between them are priced too; and what takes least as a whole is built and measured against
 * the model as given.
 *
 * The choice holds for the shapes of the first sample. Where the result turns out no faster than the
 * model as given, that is what comes back, with a note that says so.
 *
 * @param samples What the network is fed; the first decides on the shapes, all are used for ranges.
 * @throws {UserError} If there is no sample, or one does not fit the model's inputs.
 * @example
 * ```ts
 * import { noise, optimize, summarizeModel } from "octavo";
 * import { parseModel } from "octavo/advanced";
 * import assert from "node:assert/strict";
 *
 * const model = parseModel(`
 *   input x float32[1, 2]
 *   output y float32[1, 1]
 *   tensor w float32[2, 1] = [0.5, -1.0]
 *   y = Gemm(x, w)`);
 * const { inputs } = await summarizeModel(model);
 * const fastest = await optimize(model, [noise(inputs, model.name)], { cache: false, rounds: 6, coldRounds: 0 });
 * assert.ok(fastest.latency.ratio.value > 0); // the table that `fastest` prints as has more
 * ```
 */
export async function optimize(
  model: Model,
  samples: Dataset | readonly Feeds[],
  options: OptimizeOptions = {},
): Promise<Optimized> {
  const { runtime, threads = 1, onProgress = () => {} } = options;
  if (!runtime) {
    await using own = openRuntime({ workers: 1, threads });
    return await optimize(model, samples, { ...options, runtime: own });
  }
  const context = { ...options, runtime, onProgress };
  const alike = await likeTheFirst(samples, model.name);
  const fullest = await fullestSample(fuse(model), samples, context);
  const feeds = [fullest, ...alike.filter((one) => one !== fullest)].slice(0, alike.length);
  const placed = await place(model, feeds[0]!, context);
  onProgress("building it");
  const converted = await build(placed, samples, context);
  return new Optimized({
    given: model,
    float32: placed.model,
    mapping: placed.mapping,
    rewrites: placed.rewrites,
    predictedMs: placed.ms,
    drifted: placed.drifted,
    kernelTimes: placed.kernelTimes,
    maxCreate: options.maxCreate ?? DEFAULT_MAX_CREATE,
    shapes: shapesOf(feeds[0]!),
    ...await measure(model, placed.model, converted, feeds, context),
  });
}

type Context = OptimizeOptions & Required<Pick<OptimizeOptions, "runtime" | "onProgress">>;

/** How a network is to be computed. */
interface Placed {
  /** The float32 network after the exact rewrites. */
  readonly model: Model;
  readonly mapping: QConfigMapping;
  readonly rewrites: readonly ConvProduct[];
  /** What the times of its nodes promise, ms. */
  readonly ms: number;
  /** Measurements of nodes during which the machine changed its pace. */
  readonly drifted: number;
  readonly kernelTimes: KernelTimesRecord;
}

/** Times the forms of all nodes, and chooses. */
async function place(model: Model, feeds: Feeds, context: Context): Promise<Placed> {
  const { qconfig = "fastest", smallWeights = true, cache, signal, runtime, onProgress } = context;
  const int8 = qconfig === "fastest";
  const kernelTimes = await KernelTimes.open(runtime, {
    ...{ cache, signal, fresh: context.fresh, kernelTimer: context.kernelTimer },
    onProgress: (done, all) => onProgress(`timing forms of nodes: ${done} of ${all}`),
  });
  onProgress("looking at the network");
  const fused = fuse(model);
  if (int8) requireFloat(fused.graph);
  const given = await networkFacts(fused, feeds, { runtime, signal });
  const best = await fastestBase(given, feeds, {
    ...{ kernelTimes, runtime, int8, signal },
    spare: true,
  });
  const rewrites = rewritesOf(best);
  const written = writeAsProducts(best.network.model, best.network.shapes, rewrites);
  let { network, problem, chosen } = best;
  if (written !== network.model) {
    network = await networkFacts(written, feeds, { runtime, signal });
    problem = await placementProblem(network, kernelTimes, { int8, rewrites: false, spare: true });
    chosen = await solvePlacement(problem);
  }
  const mapping = int8
    ? mappingOf(network, problem, chosen, { smallWeights })
    : qconfigMapping({ default: float32 });
  const ms = placementMs(problem, chosen);
  const { drifted, record } = kernelTimes;
  return { model: network.model, mapping, rewrites, ms, drifted, kernelTimes: record };
}

/** Finds the ranges that a placed network needs, and converts it. */
async function build(
  { model, mapping }: Placed,
  samples: Dataset | readonly Feeds[],
  { calibration = 100, runtime, signal }: Context,
): Promise<QuantizedModel> {
  const prepared = prepare(model, mapping);
  const data = "sample" in samples ? slice(samples, 0, calibration) : samples.slice(0, calibration);
  const ranges = prepared.tensors.length > 0
    ? await calibrate(prepared, data, { runtime, signal })
    : undefined;
  return convert(model, mapping, ranges);
}

/** Measures what was built, and its float32 network, against the model as given. */
async function measure(
  given: Model,
  float32: Model,
  converted: QuantizedModel,
  feeds: readonly Feeds[],
  { rounds = 15, coldRounds = 3, format, runtime, signal, onProgress }: Context,
): Promise<Pick<OptimizedParts, "built" | "latency" | "coldStart" | "profiles">> {
  onProgress("measuring it against the model as given");
  const built = format === "qdq" ? converted : await asExecuted(converted, runtime);
  const times = await runtime.times([given, float32, built], feeds, { rounds, signal });
  const { machine } = await runtime.environment();
  const conditions = { ...runtime.about, machine, load: machineLoad() };
  const against = (candidate: number) => latencyRatio(times, { candidate, ...conditions });
  onProgress("looking what a page waits for");
  const starts = coldRounds > 0 &&
    await runtime.coldStart?.([given, float32, built], feeds[0]!, { rounds: coldRounds, signal });
  onProgress("looking where the time goes");
  const before = await profileModel(given, feeds, { runtime, signal });
  const after = await profileModel(built, feeds, { runtime, signal });
  const timed = withTimes(await readBack(converted, runtime), after);
  const { plan, traces } = await withErrors(timed, float32, feeds, { runtime, signal });
  return {
    built: new QuantizedModel(built.proto, built.name, plan, traces),
    latency: { float32: against(1), built: against(2) },
    ...(starts && {
      coldStart: { float32: coldStartRatios(starts), built: coldStartRatios(starts, 2) },
    }),
    profiles: { before, after },
  };
}
