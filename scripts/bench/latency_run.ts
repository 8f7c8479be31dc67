import { latencyRatio } from "../../lib/evaluate/latency.ts";
import { readModel } from "../../lib/onnx/file.ts";
import type { Latency } from "../../lib/record/trial_record.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import { sampleNetwork, sharedNetworks } from "./networks.ts";

/** What a process of its own has measured. */
export interface LatencyRun {
  readonly latency: Latency;
  /** Seconds from the start of its workers to the answer. */
  readonly seconds: number;
}

/** The network of this name with an int8 model of it: once as users do, or for so many milliseconds. */
async function measure(name: string, int8: string, longMs?: number): Promise<LatencyRun> {
  const network = name === "sample" ? await sampleNetwork() : (await sharedNetworks([name]))[0]!;
  const models = [network.model, await readModel(int8)];
  const start = performance.now();
  await using runtime = openRuntime();
  const long = longMs !== undefined && { rounds: 1e6, maxMs: longMs };
  const times = await runtime.times(models, [network.feeds], { ...long });
  const seconds = (performance.now() - start) / 1e3;
  return { latency: latencyRatio(times), seconds };
}

if (import.meta.main) {
  const [name, int8, longMs] = Deno.args;
  const run = await measure(name!, int8!, longMs === undefined ? undefined : Number(longMs));
  console.log(JSON.stringify(run));
}
