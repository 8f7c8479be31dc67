import { type Calibration, calibrationToJson } from "../../lib/calibrate/calibration.ts";
import { calibrate } from "../../lib/calibrate/calibrate.ts";
import { sampleModel, visemes } from "../../lib/data/visemes.ts";
import { latencyRatio } from "../../lib/evaluate/latency.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { fuse } from "../../lib/passes/fuse.ts";
import { convert } from "../../lib/quantize/convert.ts";
import { prepare } from "../../lib/quantize/prepare.ts";
import { defaultQConfigMapping } from "../../lib/quantize/presets.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import type { Feeds } from "../../lib/tensor/tensor.ts";
import type { Bench, BenchRow } from "./bench.ts";
import { lipNet, lipNetClips } from "./lip_net.ts";
import { race } from "./race.ts";

/** What it takes to write an int8 model once the ranges are known. */
export const conversion: Bench = {
  name: "conversion",
  summary: "writing an int8 model with ranges at hand, against one float32 inference; peak memory",
  async *run(signal) {
    yield* measure(fuse(lipNet()), lipNetClips(1)[0]!, signal);
    const { calibration } = visemes({ calibration: 1, selection: 1, test: 1 });
    yield* measure(fuse(await sampleModel()), await calibration.sample(0), signal);
  },
};

async function* measure(model: Model, clip: Feeds, signal: AbortSignal): AsyncGenerator<BenchRow> {
  const mapping = defaultQConfigMapping("wasm");
  const ranges = await calibrate(prepare(model, mapping), [clip]);
  await using runtime = openRuntime({ workers: 0 });
  const times = await race([
    () => Array.fromAsync(runtime.run(model, [clip])),
    () => convert(model, mapping, ranges).bytes(),
  ], { signal });
  const bytes = model.bytes().length;
  yield {
    what: `convert ${model.name} to int8, and to bytes`,
    against: "one inference",
    latency: latencyRatio(times),
    bytes,
  };
  const peak = await peakMemory(model, ranges);
  if (peak !== undefined) {
    yield {
      what: `peak memory: read ${model.name}, convert`,
      against: "the file's bytes",
      peak,
      peakAgainst: bytes,
    };
  }
}

/**
 * Most memory of a fresh process that reads the model and converts it, above what it held before it
 * read anything. Undefined where the system does not tell: on others than Linux.
 */
async function peakMemory(model: Model, ranges: Calibration): Promise<number | undefined> {
  if (Deno.build.os !== "linux") return undefined;
  const folder = await Deno.makeTempDir();
  try {
    const [path, calibration] = [`${folder}/model.onnx`, `${folder}/calibration.json`];
    await model.save(path);
    await Deno.writeTextFile(calibration, JSON.stringify(calibrationToJson(ranges)));
    const script = new URL("conversion_memory.ts", import.meta.url).pathname;
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", script, path, calibration],
    }).output();
    if (!success) throw new Error(`Cannot measure memory: ${new TextDecoder().decode(stderr)}`);
    const { before, after } = JSON.parse(new TextDecoder().decode(stdout));
    return after - before;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
