import { calibrate } from "../../lib/calibrate/calibrate.ts";
import { percentile } from "../../lib/calibrate/observers.ts";
import { samples } from "../../lib/data/dataset.ts";
import { sampleModel, visemes } from "../../lib/data/visemes.ts";
import { latencyRatio } from "../../lib/evaluate/latency.ts";
import { fuse } from "../../lib/passes/fuse.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { prepare } from "../../lib/quantize/prepare.ts";
import { staticInt8 } from "../../lib/quantize/qconfig.ts";
import { openSession } from "../../lib/runtime/session.ts";
import type { Bench } from "./bench.ts";
import { race } from "./race.ts";

const SAMPLES = 24;

/** What watching costs: calibration against plain inference over the same samples. */
export const calibration: Bench = {
  name: "calibration",
  summary: "one calibration pass of the sample, against plain inference over the same clips",
  async *run(signal) {
    const model = fuse(await sampleModel());
    const { calibration: data } = visemes({ calibration: SAMPLES, selection: 1, test: 1 });
    const clips = await Array.fromAsync(samples(data));
    const mapping = qconfigMapping({ default: staticInt8({ activation: percentile(99.99) }) });
    const prepared = prepare(model, mapping);
    const times = await race([
      async () => {
        const session = await openSession(model);
        for (const clip of clips) await session.run(clip);
        await session.release();
      },
      () => calibrate(prepared, clips),
    ], { rounds: 9, signal });
    yield {
      what: `calibrate ${model.name}: ${SAMPLES} clips, ${prepared.tensors.length} tensors`,
      against: "plain inference",
      latency: latencyRatio(times),
    };
  },
};
