import { optimize } from "../../lib/task/run_optimize.ts";
import { calibrate } from "../../lib/calibrate/calibrate.ts";
import { latencyRatio } from "../../lib/evaluate/latency.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { fuse } from "../../lib/passes/fuse.ts";
import { convert } from "../../lib/quantize/convert.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { prepare } from "../../lib/quantize/prepare.ts";
import { dynamicInt8, staticInt8 } from "../../lib/quantize/qconfig.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import type { Runtime } from "../../lib/runtime/runtime.ts";
import type { Feeds } from "../../lib/tensor/tensor.ts";
import type { Bench, BenchRow, TimeRow } from "./bench.ts";
import { lipNet, lipNetClips } from "./lip_net.ts";
import { askedNetworks, type Network, sampleNetwork, sharedNetworks } from "./networks.ts";

const AGAINST = "float32 as exported";

/** What choosing by measurement makes of a network of full size, beside what others make of it. */
export const placement: Bench = {
  name: "placement",
  summary: "a 54 MB lip-reading network as chosen by measurement, beside int8 of everything",
  async *run(signal) {
    const [feeds] = lipNetClips(1);
    const network = { name: "lip-net", model: lipNet(), feeds: feeds! };
    for (const threads of [1, 2]) {
      await using runtime = openRuntime({ workers: 1, threads });
      yield* compareAll(network, runtime, signal);
    }
  },
};

/** The same choice for networks of all kinds: none may become slower. */
export const placements: Bench = {
  name: "placements",
  summary: "the sample and networks of the test material as chosen by measurement " +
    "($OCTAVO_NETWORKS: names)",
  async *run(signal) {
    const asked = askedNetworks();
    const own = asked ? [] : [await sampleNetwork()];
    for (const network of [...own, ...await sharedNetworks(asked)]) {
      await using runtime = openRuntime({ workers: 1 });
      const { model, feeds, name } = network;
      const result = await optimize(model, [feeds], { runtime, cache: false, signal });
      const { float32, built } = result.parts.latency;
      const row = (what: string, latency: TimeRow["latency"]): BenchRow => ({
        what: `${name}, ${what}`,
        against: AGAINST,
        latency,
      });
      yield row("float32 after the rewrites", float32);
      yield row("fastest", built);
      const kept = result.model === model ? [model, model] : [model, result.model];
      const times = await runtime.times(kept, [feeds], { signal });
      yield row("handed out", latencyRatio(times));
    }
  },
};

async function* compareAll(
  { name, model, feeds }: Network,
  runtime: Runtime,
  signal: AbortSignal,
): AsyncGenerator<BenchRow> {
  const { float32, built } = await optimize(model, [feeds], { runtime, cache: false, signal });
  const candidates: readonly (readonly [string, Model])[] = [
    ["float32 after the rewrites", float32],
    ["static int8 of everything", await everything(model, "static", feeds)],
    ["dynamic int8 of everything", await everything(model, "dynamic", feeds)],
    ["fastest", built],
  ];
  const models = [model, ...candidates.map(([, candidate]) => candidate)];
  const times = await runtime.times(models, [feeds], { signal });
  const { threads } = runtime.about;
  for (const [i, [what, candidate]] of candidates.entries()) {
    yield {
      what: `${name}, ${threads} thread${threads > 1 ? "s" : ""}: ${what}, size ×${
        (candidate.bytes().length / model.bytes().length).toFixed(2)
      }`,
      against: AGAINST,
      latency: latencyRatio(times, { candidate: i + 1, threads }),
    };
  }
}

/** Int8 for all that has an int8 kernel, whatever it takes: what tools do that do not measure. */
async function everything(
  model: Model,
  kind: "static" | "dynamic",
  feeds: Feeds,
): Promise<Model> {
  const fused = fuse(model);
  const mapping = qconfigMapping({
    default: kind === "static" ? staticInt8({ kernels: "any" }) : dynamicInt8(),
    onUnsupported: "float32",
  });
  if (kind === "dynamic") return convert(fused, mapping);
  return convert(fused, mapping, await calibrate(prepare(fused, mapping), [feeds]));
}
