import { slice } from "../../lib/data/dataset.ts";
import { sampleModel, visemes } from "../../lib/data/visemes.ts";
import { latencyRatio } from "../../lib/evaluate/latency.ts";
import type { Model } from "../../lib/onnx/model.ts";
import type { Binary } from "../../lib/record/binary.ts";
import type { Recipe } from "../../lib/record/recipe.ts";
import { countNodes } from "../../lib/runtime/count_nodes.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import { type Feeds, float32 } from "../../lib/tensor/tensor.ts";
import type { Bench, BenchRow } from "./bench.ts";
import { manyNodes } from "./many_nodes.ts";

/** What the binaries are timed in by default; jspi's nodes take what the plain one's take. */
const BINARIES = ["plain", "jsep", "asyncify"];

/** How many nodes Octavo's forms have, and what they take in each binary. */
export const nodes: Bench = {
  name: "nodes",
  summary:
    "nodes in the file and after the runtime's optimization, and the time against float32 as " +
    "given in each binary: the winner of the sample's sweep, and the exact form of a network of 300 " +
    "small nodes ($OCTAVO_BASE: a checkout of another build, whose forms take turns with these; " +
    "$OCTAVO_BINARIES: plain,jsep,asyncify)",
  async *run(signal) {
    const base = Deno.env.get("OCTAVO_BASE");
    const builds = [new URL("../../", import.meta.url).href];
    if (base !== undefined) builds.unshift(new URL(`${base}/`, `file://${Deno.cwd()}/`).href);
    const binaries = (Deno.env.get("OCTAVO_BINARIES")?.split(",") ?? BINARIES) as Binary[];
    for (const make of [winner, exactForm]) {
      const made: Made[] = [];
      for (const build of builds) made.push(await make(build));
      for (const binary of binaries) yield* measure(made, binary, signal);
    }
  },
};

/** Milliseconds after which no round begins. */
const MOST_MS = 30_000;

/** A network, and what one build makes of it. */
interface Made {
  readonly what: string;
  readonly given: Model;
  readonly form: Model;
  readonly feeds: Feeds;
}

/** Samples that the winner's ranges come from: fewer than the sweep's, which makes no other nodes. */
const CALIBRATION = 8;

/** What wins the sweep of the bundled sample. */
const RECIPE: Recipe = {
  base: "lowered",
  kind: "configuration",
  placement: "compact",
  observer: { name: "lp-norm", power: 2.4 },
  weights: "per-channel",
};

/** A module of a build. */
// deno-lint-ignore no-explicit-any -- another build's types may be others
function from(build: string, path: string): Promise<any> {
  return import(new URL(path, build).href);
}

async function winner(build: string): Promise<Made> {
  const { remakeTrial } = await from(build, "lib/task/remake_trial.ts");
  const given = await sampleModel();
  const { calibration } = visemes({ calibration: CALIBRATION, selection: 1, test: 1 });
  const data = { calibration: slice(calibration, 0, CALIBRATION) };
  const form = await remakeTrial(given, data, { recipe: RECIPE });
  return { what: "sample's winner", given, form, feeds: await calibration.sample(0) };
}

async function exactForm(build: string): Promise<Made> {
  const { fuse } = await from(build, "lib/passes/fuse.ts");
  const { lowerForWasm } = await from(build, "lib/passes/lower_for_wasm.ts");
  const { fastOperators } = await from(build, "lib/passes/fast_operators.ts");
  const { learnShapes } = await from(build, "lib/runtime/learn_shapes.ts");
  const given = manyNodes();
  const feeds = { x: float32([1, 64], Float32Array.from({ length: 64 }, (_, i) => Math.sin(i))) };
  const fused = fuse(given);
  const lowered = lowerForWasm(fused, await learnShapes(fused, feeds));
  const shapes = await learnShapes(lowered, feeds);
  const form = lowered.withGraph(fastOperators(lowered.graph, { shapes }));
  return { what: "300 small nodes, exact form", given, form, feeds };
}

/** Everything that was made of one network, in turns in one binary. */
async function* measure(
  made: readonly Made[],
  binary: Binary,
  signal: AbortSignal,
): AsyncGenerator<BenchRow> {
  await using runtime = openRuntime({ workers: 1, binary });
  const { given, feeds } = made[0]!;
  const models = [given, ...made.map(({ form }) => form)];
  // The large binaries are compiled for seconds yet when their times look steady: those are thrown away.
  await runtime.times(models, [feeds], { rounds: 10, signal });
  const times = await runtime.times(models, [feeds], { rounds: 25, maxMs: MOST_MS, signal });
  const counts = [];
  for (const model of models) counts.push(countNodes(model, await runtime.optimized(model)));
  const isBeside = made.length > 1;
  for (const [i, { what }] of made.entries()) {
    const build = !isBeside ? "" : i === 0 ? ", of the other build" : ", of this build";
    yield {
      what: `${what}${build}, ${binary}`,
      against: "as given",
      latency: latencyRatio(times, { candidate: i + 1 }),
      nodes: counts[i + 1]!,
      nodesAgainst: counts[isBeside ? 1 : 0]!,
    };
  }
}
