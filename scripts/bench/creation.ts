import { join } from "node:path";
import { calibrate } from "../../lib/calibrate/calibrate.ts";
import { latencyRatio } from "../../lib/evaluate/latency.ts";
import { readModel } from "../../lib/onnx/file.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { fuse } from "../../lib/passes/fuse.ts";
import { asExecuted } from "../../lib/quantize/as_executed.ts";
import { convert } from "../../lib/quantize/convert.ts";
import { prepare } from "../../lib/quantize/prepare.ts";
import { defaultQConfigMapping } from "../../lib/quantize/presets.ts";
import { openRuntime, openSession, threadClock } from "../../lib/runtime/open_runtime.ts";
import type { Runtime } from "../../lib/runtime/runtime.ts";
import type { Bench, BenchRow } from "./bench.ts";
import { askedNetworks, type Network, sampleNetwork, sharedNetworks } from "./networks.ts";

const CHOSEN = ["cifar-resnet2b", "yunet-n", "fastestdet", "super-resolution", "magika-fast"];

/** Sessions that are made of each model in one process; the first of them do not count. */
const WARM = { rounds: 25, first: 8 };

/** Fresh processes for each model. */
const COLD_ROUNDS = 7;

/** A float32 network and an int8 model of it, between DequantizeLinear and QuantizeLinear. */
interface Pair {
  readonly name: string;
  readonly float32: Model;
  readonly int8: Model;
}

/** What a page waits for before its first result: a session of int8 beside one of float32. */
export const creation: Bench = {
  name: "creation",
  summary:
    "making a session of an int8 model, as QDQ and as the runtime executes it, against one of " +
    "float32, in a process that has made many and in fresh ones ($OCTAVO_NETWORKS: names; " +
    "$OCTAVO_PAIRS: float32.onnx:int8.onnx,... in their place)",
  async *run(signal) {
    await using runtime = openRuntime({ workers: 1 });
    for await (const pair of pairs(runtime)) yield* measure(pair, runtime, signal);
  },
};

/** The models that the user asks for, else the presets' of some networks. */
async function* pairs(runtime: Runtime): AsyncGenerator<Pair> {
  const files = Deno.env.get("OCTAVO_PAIRS");
  if (files !== undefined) {
    for (const pair of files.split(",")) {
      const [float32, int8] = pair.split(":") as [string, string];
      yield { name: int8, float32: await readModel(float32), int8: await readModel(int8) };
    }
    return;
  }
  const asked = askedNetworks();
  const networks = asked ? [] : [await sampleNetwork()];
  networks.push(...await sharedNetworks(asked ?? CHOSEN));
  for (const network of networks) yield await quantized(network, runtime);
}

async function quantized({ name, model, feeds }: Network, runtime: Runtime): Promise<Pair> {
  const mapping = defaultQConfigMapping("wasm");
  const fused = fuse(model);
  const ranges = await calibrate(prepare(fused, mapping), [feeds], { runtime });
  return { name, float32: model, int8: convert(fused, mapping, ranges) };
}

async function* measure(
  { name, float32, int8 }: Pair,
  runtime: Runtime,
  signal: AbortSignal,
): AsyncGenerator<BenchRow> {
  const files = [float32, int8, await asExecuted(int8, runtime)].map((model) => model.bytes());
  const forms = ["", "QDQ", "as executed"];
  const rows = function* (ms: number[][], where: string) {
    for (const candidate of [1, 2]) {
      const size = (files[candidate]!.length / 1e3).toFixed(1);
      yield {
        what: `session of ${name}, ${forms[candidate]} (${size} kB), ${where}`,
        against: "float32",
        latency: latencyRatio({ ms }, { candidate }),
      };
    }
  };
  yield* rows(await warm(files, signal), "warm");
  yield* rows(await cold(files, signal), "fresh process");
}

/** Milliseconds of a session, `[round][model]`, where many were made before. */
async function warm(files: readonly Uint8Array[], signal: AbortSignal): Promise<number[][]> {
  const clock = threadClock();
  const ms: number[][] = [];
  for (let round = 0; round < WARM.rounds; round++) {
    const times = [];
    for (const bytes of files) {
      signal.throwIfAborted();
      const start = clock.now();
      const session = await openSession(bytes);
      times.push(clock.now() - start);
      await session.release();
    }
    ms.push(times);
  }
  return ms.slice(WARM.first);
}

/** The same of the first session of a process. */
async function cold(files: readonly Uint8Array[], signal: AbortSignal): Promise<number[][]> {
  const folder = await Deno.makeTempDir();
  try {
    const paths = files.map((_, i) => join(folder, `${i}.onnx`));
    for (const [i, path] of paths.entries()) await Deno.writeFile(path, files[i]!);
    const ms: number[][] = [];
    for (let round = 0; round < COLD_ROUNDS; round++) {
      const times = [];
      for (const path of paths) times.push(await firstSession(path, signal));
      ms.push(times);
    }
    return ms;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function firstSession(path: string, signal: AbortSignal): Promise<number> {
  const script = new URL("creation_run.ts", import.meta.url).pathname;
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", script, path],
    signal,
  }).output();
  if (!success) throw new Error(`Cannot make a session: ${new TextDecoder().decode(stderr)}`);
  return Number(new TextDecoder().decode(stdout));
}
