import { join } from "node:path";
import { calibrate } from "../../lib/calibrate/calibrate.ts";
import { fuse } from "../../lib/passes/fuse.ts";
import { convert } from "../../lib/quantize/convert.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { prepare } from "../../lib/quantize/prepare.ts";
import { staticInt8 } from "../../lib/quantize/qconfig.ts";
import { median } from "../../lib/tensor/quantile.ts";
import { writeWhole } from "../../lib/whole_file.ts";
import type { Bench, ReliabilityRow } from "./bench.ts";
import type { LatencyRun } from "./latency_run.ts";
import { askedNetworks, type Network, sampleNetwork, sharedNetworks } from "./networks.ts";

/** From 0.05 to 50 milliseconds a run. */
const CHOSEN = [
  ...["mnist-cnn", "syllable-gru", "cifar-resnet2b", "silero-vad"],
  ...["yunet-s", "fastestdet", "magika-fast"],
];

/** Processes that measure each network; every second one while another core is busy. */
const PROCESSES = Number(Deno.env.get("OCTAVO_PROCESSES") ?? 20);

/** Milliseconds of the rounds that the others are held against. */
const LONG_MS = Number(Deno.env.get("OCTAVO_LONG_SECONDS") ?? 60) * 1000;

/** Whether a comparison of two models gives the same answer in every process, and the right one. */
export const latency: Bench = {
  name: "latency",
  summary: `the ratio of int8 to float32 in fresh processes, half of them on a busy machine, ` +
    `against that of a long run ($OCTAVO_NETWORKS: names; $OCTAVO_PROCESSES: 20; ` +
    `$OCTAVO_LONG_SECONDS: 60)`,
  async *run(signal) {
    const asked = askedNetworks();
    const networks = await sharedNetworks(asked?.filter((name) => name !== "sample") ?? CHOSEN);
    if (!asked || asked.includes("sample")) networks.push(await sampleNetwork());
    const folder = await Deno.makeTempDir();
    try {
      for (const network of networks) yield await reliability(network, folder, signal);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
};

/** What fresh processes say of a network, against a long run in the same conditions. */
async function reliability(
  network: Network,
  folder: string,
  signal: AbortSignal,
): Promise<ReliabilityRow> {
  const path = join(folder, `${network.name}.int8.onnx`);
  await writeWhole(path, await int8Of(network));
  const runs: { readonly run: LatencyRun; readonly truth: number }[] = [];
  for (const isBusy of [false, true]) {
    using _ = isBusy ? keepCoreBusy() : { [Symbol.dispose]() {} };
    const long = await inProcess([network.name, path, String(LONG_MS)], signal);
    const truth = long.latency.ratio.value;
    for (let i = 0; i < PROCESSES / 2; i++) {
      runs.push({ run: await inProcess([network.name, path], signal), truth });
    }
  }
  const [quiet, busy] = [runs[0]!, runs.at(-1)!].map(({ truth }) => `x${truth.toPrecision(3)}`);
  return {
    what: network.name,
    against: `long runs: ${quiet}, ${busy} (busy)`,
    processes: runs.length,
    baselineMs: median(runs.map(({ run }) => run.latency.baselineMs)),
    holding: runs.filter(({ run, truth }) => {
      const { low, high } = run.latency.ratio;
      return low <= truth && truth <= high;
    }).length,
    width: median(
      runs.map(({ run: { latency: { ratio } } }) => (ratio.high - ratio.low) / ratio.value),
    ),
    error: median(runs.map(({ run, truth }) => Math.abs(run.latency.ratio.value / truth - 1))),
    seconds: median(runs.map(({ run }) => run.seconds)),
    ratios: runs.map(({ run }) => run.latency.ratio),
  };
}

/** The network with int8 wherever there is a kernel. */
async function int8Of({ model, feeds }: Network): Promise<Uint8Array> {
  const fused = fuse(model);
  const mapping = qconfigMapping({ default: staticInt8(), onUnsupported: "float32" });
  const ranges = await calibrate(prepare(fused, mapping), [feeds]);
  return convert(fused, mapping, ranges).bytes();
}

/** Measures in a fresh process. */
async function inProcess(args: readonly string[], signal: AbortSignal): Promise<LatencyRun> {
  const script = new URL("latency_run.ts", import.meta.url).href;
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", script, ...args],
    signal,
    stderr: "inherit",
  });
  const { success, stdout } = await command.output();
  signal.throwIfAborted();
  if (!success) throw new Error(`Cannot measure ${args[0]}: the process failed`);
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** Another program that computes, until it is disposed of. */
function keepCoreBusy(): Disposable {
  const source = "for (let i = 0;; i++) Math.sqrt(i)";
  const command = new Deno.Command(Deno.execPath(), { args: ["eval", source] });
  const child = command.spawn();
  return {
    [Symbol.dispose]() {
      child.kill("SIGKILL");
    },
  };
}
