import { calibrate } from "../../lib/calibrate/calibrate.ts";
import { sampleModel, visemes } from "../../lib/data/visemes.ts";
import { latencyRatio } from "../../lib/evaluate/latency.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { fuse } from "../../lib/passes/fuse.ts";
import { convert } from "../../lib/quantize/convert.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { prepare } from "../../lib/quantize/prepare.ts";
import { staticInt8 } from "../../lib/quantize/qconfig.ts";
import { openSession } from "../../lib/runtime/session.ts";
import type { Feeds } from "../../lib/tensor/tensor.ts";
import type { Bench, BenchRow } from "./bench.ts";
import { lipNet, lipNetClips } from "./lip_net.ts";
import { race } from "./race.ts";

/** What it takes to write an int8 model once the ranges are known. */
export const conversion: Bench = {
  name: "conversion",
  summary: "writing a static int8 model with ranges at hand, against one float32 inference",
  async *run(signal) {
    yield* measure(fuse(lipNet()), lipNetClips(1)[0]!, signal);
    const { calibration } = visemes({ calibration: 1, selection: 1, test: 1 });
    yield* measure(fuse(await sampleModel()), await calibration.sample(0), signal);
  },
};

async function* measure(model: Model, clip: Feeds, signal: AbortSignal): AsyncGenerator<BenchRow> {
  const mapping = qconfigMapping({ default: staticInt8() });
  const ranges = await calibrate(prepare(model, mapping), [clip]);
  const session = await openSession(model);
  try {
    const times = await race([
      () => session.run(clip),
      () => convert(model, mapping, ranges).bytes(),
    ], { signal });
    const bytes = model.bytes().length;
    yield {
      what: `convert ${model.name} to int8, and to bytes`,
      against: "one inference",
      latency: latencyRatio(times),
      bytes,
    };
  } finally {
    await session.release();
  }
}
