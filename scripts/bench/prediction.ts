import { frameOf } from "../../lib/profile/one_by_one.ts";
import { placementProblem } from "../../lib/cost/candidates.ts";
import { KernelTimes } from "../../lib/cost/kernel_times.ts";
import { mappingOf } from "../../lib/cost/mapping_of_placement.ts";
import { placementMs } from "../../lib/cost/placement.ts";
import { undisturbedTime } from "../../lib/profile/undisturbed.ts";
import { solvePlacement } from "../../lib/cost/solve.ts";
import { networkFacts } from "../../lib/cost/network_facts.ts";
import { referenceLoad } from "../../lib/cost/reference_load.ts";
import { calibrate } from "../../lib/calibrate/calibrate.ts";
import { latencyRatio } from "../../lib/evaluate/latency.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { fuse } from "../../lib/passes/fuse.ts";
import { convert } from "../../lib/quantize/convert.ts";
import { prepare } from "../../lib/quantize/prepare.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import type { Runtime } from "../../lib/runtime/runtime.ts";
import type { Feeds, Tensor } from "../../lib/tensor/tensor.ts";
import type { Bench, BenchRow } from "./bench.ts";
import { askedNetworks, type Network, sampleNetwork, sharedNetworks } from "./networks.ts";

/** Networks of which most time goes to nodes that the runtime's clock resolves. */
const NAMES = [
  "fastestdet",
  "magika-fast",
  "bidi-lstm",
  "super-resolution",
  "yunet-n",
  "yunet-s",
  "cifar-resnet2b",
];

const ROUNDS = 9;

/**
 * How well the times of single nodes add up to that of a network. "Median" is the prediction, the ratio
 * is that of prediction to measurement; both in the pace of the moment, as the reference load tells it.
 */
export const prediction: Bench = {
  name: "prediction",
  summary: "time predicted from single nodes, against the time measured, float32 and placed " +
    "($OCTAVO_NETWORKS: names)",
  async *run(signal) {
    const asked = askedNetworks();
    const own = asked ? [] : [await sampleNetwork()];
    for (const network of [...own, ...await sharedNetworks(asked ?? NAMES)]) {
      await using runtime = openRuntime({ workers: 1 });
      yield* predict(network, runtime, signal);
    }
  },
};

async function* predict(
  { name, model, feeds }: Network,
  runtime: Runtime,
  signal: AbortSignal,
): AsyncGenerator<BenchRow> {
  const seen = await networkFacts(fuse(model), feeds, { runtime });
  const kernelTimes = await KernelTimes.open(runtime, { cache: false, signal });
  const problem = await placementProblem(seen, kernelTimes, { rewrites: false });
  const float32 = problem.kernels.map(({ choices }) => choices[0]!);
  const chosen = await solvePlacement(problem);
  const mapping = mappingOf(seen, problem, chosen);
  const built = convert(
    seen.model,
    mapping,
    await calibrate(prepare(seen.model, mapping), [feeds], { runtime }),
  );
  const compare = async (what: string, candidate: Model, ms: number): Promise<BenchRow> => ({
    what: `${name}, ${what}`,
    against: "the time measured",
    latency: await against(candidate, ms / kernelTimes.unit, feeds, runtime, signal),
  });
  yield await compare("float32", seen.model, placementMs(problem, float32));
  yield await compare("as placed", built, placementMs(problem, chosen));
}

/** Measures a network and the reference load in turns, with what a run costs that computes nothing. */
async function against(
  model: Model,
  units: number,
  feeds: Feeds,
  runtime: Runtime,
  signal: AbortSignal,
) {
  let results: Record<string, Tensor> = {};
  for await (const outputs of runtime.run(model, [feeds])) results = outputs;
  const frame = frameOf(model, results);
  const { subgraph: unit } = referenceLoad();
  const rounds: number[][] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const ruler = await runtime.times([unit.model], [unit.feeds], { rounds: 3, signal });
    const { ms } = await runtime.times([frame, model], [feeds], { rounds: 3, signal });
    const column = (i: number) => undisturbedTime(ms.map((times) => times[i]!));
    rounds.push([column(1), undisturbedTime(ruler.ms.map(([time]) => time!)) * units + column(0)]);
  }
  return latencyRatio({ ms: rounds });
}
