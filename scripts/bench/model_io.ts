import { join } from "node:path";
import { sampleModel } from "../../lib/data/visemes.ts";
import { latencyRatio } from "../../lib/evaluate/latency.ts";
import { readModel } from "../../lib/onnx/file.ts";
import { decodeModel, Model } from "../../lib/onnx/model.ts";
import type { Bench, BenchRow } from "./bench.ts";
import { lipNet } from "./lip_net.ts";
import { race } from "./race.ts";

/** How fast models are read from files and written to them, against the plain bytes. */
export const modelIo: Bench = {
  name: "model-io",
  summary: "reading and writing models, against reading and writing the same bytes",
  async *run(signal) {
    yield* measure(lipNet(), signal);
    yield* measure(await sampleModel(), signal);
  },
};

async function* measure(model: Model, signal: AbortSignal): AsyncGenerator<BenchRow> {
  const folder = await Deno.makeTempDir();
  try {
    const [source, target] = [join(folder, "source.onnx"), join(folder, "target.onnx")];
    const bytes = model.bytes();
    await Deno.writeFile(source, bytes);
    const times = await race([
      () => Deno.readFile(source),
      () => readModel(source),
      () => decodeModel(bytes),
      () => Deno.writeFile(target, bytes),
      () => new Model(model.proto).save(target), // without the bytes that the model remembers
    ], { signal });
    const row = (what: string, candidate: number, against: string, baseline: number): BenchRow => ({
      what: `${what} ${model.name}`,
      against,
      latency: latencyRatio(times, { baseline, candidate }),
      bytes: bytes.length,
    });
    yield row("read", 1, "Deno.readFile", 0);
    yield row("decode the bytes of", 2, "Deno.readFile", 0);
    yield row("write", 4, "Deno.writeFile", 3);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
