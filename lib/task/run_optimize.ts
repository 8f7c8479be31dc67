import { calibrate } from "../calibrate/calibrate.ts";
import { type Dataset, slice } from "../data/dataset.ts";
import { latencyRatio } from "../evaluate/latency.ts";
import type { Model } from "../onnx/model.ts";
import { fuse } from "../passes/fuse.ts";
import { convert } from "../quantize/convert.ts";
import { type QConfigMapping, qconfigMapping } from "../quantize/mapping.ts";
import { readBack } from "../quantize/one_call.ts";
import { prepare } from "../quantize/prepare.ts";
import { float32 } from "../quantize/qconfig.ts";
import { openRuntime } from "../runtime/open_runtime.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Feeds } from "../tensor/tensor.ts";
import { fastestBase, rewritesOf, writeAsProducts } from "../cost/fastest_form.ts";
import { placementProblem } from "../cost/candidates.ts";
import { type KernelTimer, KernelTimes } from "../cost/kernel_times.ts";
import { mappingOf } from "../cost/mapping_of_placement.ts";
import { Optimized } from "./optimized.ts";
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
  /** Where measured times are kept for the next time; false: nowhere. @default {the user's cache folder} */
  cache?: string | false;
  /** Workers to measure in. @default {one of its own} */
  runtime?: Runtime;
  /** Threads of the runtime, if there is no runtime. @default {1} */
  threads?: number;
  /** Rounds of the measurement at the end. @default {15} */
  rounds?: number;
  /** What times the forms of nodes. @default {the runtime's own clock} */
  kernelTimer?: KernelTimer;
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
 */
export async function optimize(
  model: Model,
  samples: Dataset | readonly Feeds[],
  options: OptimizeOptions = {},
): Promise<Optimized> {
  const { qconfig = "fastest", smallWeights = true, calibration = 100, cache, threads = 1 } =
    options;
  const { runtime, rounds = 15, signal, onProgress = () => {} } = options;
  if (!runtime) {
    await using own = openRuntime({ workers: 1, threads });
    return await optimize(model, samples, { ...options, runtime: own });
  }
  const feeds = await likeTheFirst(samples, model.name);
  const kernelTimes = await KernelTimes.open(runtime, {
    cache,
    signal,
    kernelTimer: options.kernelTimer,
    onProgress: (done, all) => onProgress(`timing forms of nodes: ${done} of ${all}`),
  });
  const int8 = qconfig === "fastest";

  onProgress("looking at the network");
  const fused = fuse(model);
  const given = await networkFacts(fused, feeds[0]!, runtime);
  const best = await fastestBase(given, feeds[0]!, { kernelTimes, runtime, int8 });
  const rewrites = rewritesOf(best);
  const lowered = writeAsProducts(best.network, rewrites);
  let { network: seen, problem, chosen } = best;
  if (lowered !== best.network.model) {
    seen = await networkFacts(lowered, feeds[0]!, runtime);
    problem = await placementProblem(seen, kernelTimes, { int8, rewrites: false });
    chosen = await solvePlacement(problem);
  }
  const mapping: QConfigMapping = int8
    ? mappingOf(seen, problem, chosen, { smallWeights })
    : qconfigMapping({ default: float32 });

  onProgress("building it");
  const prepared = prepare(seen.model, mapping);
  const data = "sample" in samples ? slice(samples, 0, calibration) : samples.slice(0, calibration);
  const ranges = prepared.tensors.length > 0
    ? await calibrate(prepared, data, { runtime, signal })
    : undefined;
  const built = convert(seen.model, mapping, ranges);

  onProgress("measuring it against the model as given");
  const times = await runtime.times([model, seen.model, built], feeds, { rounds, signal });
  const against = (candidate: number) => latencyRatio(times, { candidate, ...runtime.about });
  onProgress("looking where the time goes");
  const before = await profileModel(model, feeds, { runtime, signal });
  const after = await profileModel(built, feeds, { runtime, signal });
  const executed = await readBack(built, runtime);
  return new Optimized({
    given: model,
    float32: seen.model,
    built: await withErrors(withTimes(executed, after), seen.model, feeds, { runtime, signal }),
    profiles: { before, after },
    mapping,
    rewrites,
    latency: { float32: against(1), built: against(2) },
    predictedMs: placementMs(problem, chosen),
    shapes: shapesOf(feeds[0]!),
    drifted: kernelTimes.drifted,
  });
}
