import { fileURLToPath } from "node:url";
import { calibrate } from "../../lib/calibrate/calibrate.ts";
import type { Observer } from "../../lib/calibrate/observers.ts";
import { samples } from "../../lib/data/dataset.ts";
import { sampleModel, visemes } from "../../lib/data/visemes.ts";
import { latencyRatio } from "../../lib/evaluate/latency.ts";
import { fuse } from "../../lib/passes/fuse.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { prepare } from "../../lib/quantize/prepare.ts";
import { staticInt8 } from "../../lib/quantize/qconfig.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import { OBSERVER_NAMES, toObserver } from "../../lib/calibrate/observer_table.ts";
import type { Feeds } from "../../lib/tensor/tensor.ts";
import type { Bench } from "./bench.ts";
import { race } from "./race.ts";

/** As many as calibration usually has. */
const SAMPLES = 100;

/** Clips after which the kernels are compiled for good. */
const WARM_UP = 12;

/** A round takes three times as long as plain inference of all samples. */
const ROUNDS = 4;

/** Ten times as many, for what must not grow with their number. */
const MANY = 1000;

/** What watching costs, in time and memory. */
export const calibration: Bench = {
  name: "calibration",
  summary: "calibrating the sample with all observers at once, against plain inference over the " +
    "same clips; peak memory for more and more clips",
  async *run(signal) {
    const model = fuse(await sampleModel());
    const { calibration: data } = visemes({ calibration: SAMPLES, selection: 1, test: 1 });
    const clips = await Array.fromAsync(samples(data));
    const prepared = prepare(model, qconfigMapping({ default: staticInt8() }));
    const observers = OBSERVER_NAMES.map((name) => toObserver(name));
    const tasks = (clips: readonly Feeds[]) => [
      async () => {
        await using runtime = openRuntime({ workers: 0 });
        for await (const _ of runtime.run(model, clips));
      },
      () => calibrate(prepared, clips),
      async () => chooseAll(await calibrate(prepared, clips), observers),
    ];
    for (const task of tasks(clips.slice(0, WARM_UP))) await task();
    const times = await race(tasks(clips), { rounds: ROUNDS, warm: false, signal });
    const what = `calibrate ${model.name}: ${SAMPLES} clips, ${prepared.tensors.length} tensors`;
    const against = "plain inference";
    yield { what, against, latency: latencyRatio(times) };
    yield {
      what: `the same, with the ranges of ${observers.length} observers`,
      against,
      latency: latencyRatio(times, { candidate: 2 }),
    };

    const [few, many] = [await peakOf(SAMPLES, signal), await peakOf(MANY, signal)];
    yield {
      what: `peak memory: ${MANY} clips`,
      against: `${SAMPLES} clips`,
      peak: many,
      peakAgainst: few,
    };
  },
};

/** Has every observer choose the range of every tensor. */
function chooseAll(
  { statistics }: Awaited<ReturnType<typeof calibrate>>,
  observers: readonly Observer[],
): void {
  for (const seen of statistics.values()) {
    for (const observer of observers) observer.range(seen);
  }
}

/** The most memory that a process of its own takes to calibrate so many clips, in bytes. */
async function peakOf(count: number, signal: AbortSignal): Promise<number> {
  const script = fileURLToPath(new URL("calibration_memory.ts", import.meta.url));
  const args = ["run", "-A", script, String(count)];
  const { stdout, success } = await new Deno.Command(Deno.execPath(), { args, signal }).output();
  if (!success) throw new Error(`The process that calibrates ${count} clips failed`);
  return Number(new TextDecoder().decode(stdout));
}
