import { join } from "node:path";
import { npzDataset } from "../../lib/data/npz_dataset.ts";
import { noise } from "../../lib/data/noise.ts";
import { valueTypes } from "../../lib/onnx/graph.ts";
import { readModel } from "../../lib/onnx/file.ts";
import { BINARIES } from "../../lib/record/binary.ts";
import type { RuntimeRow } from "../../lib/record/runtime_table.ts";
import { entryLoads } from "../../lib/task/entry_loads.ts";
import { measureRuntimes } from "../../lib/task/measure_runtimes.ts";
import { optimize } from "../../lib/task/run_optimize.ts";
import { writeWhole } from "../../lib/whole_file.ts";
import { findChromium } from "../installs/browser.ts";
import type { Bench, EntryRow } from "./bench.ts";
import { binariesInPage, type ServedPair } from "./binaries_in_page.ts";
import { formNetworks } from "./form_networks.ts";
import { askedNetworks } from "./networks.ts";

/** Networks where none are asked for: heavy layers, and many small nodes. */
const NETWORKS = ["sample", "cifar-resnet2b", "syllable-gru"];

/** What each import of onnxruntime-web costs a page, in Deno and in Chromium. */
export const binaries: Bench = {
  name: "binaries",
  summary:
    "what each import of onnxruntime-web makes a page load, its start, and networks in its binary: their " +
    "fastest form against float32 and against the plain binary, and their bits; in Deno, and in Chromium where " +
    "there is one ($OCTAVO_NETWORKS: names; $OCTAVO_KEEP: a folder whose NAME.onnx, NAME.served.onnx and " +
    "NAME.npz are taken too, and where forms are kept)",
  async *run(signal) {
    const folder = await Deno.makeTempDir({ prefix: "octavo-binaries-" });
    try {
      const loads = await entryLoads();
      const chromium = await findChromium();
      for await (const pair of pairs(folder, signal)) {
        const { model, float32, feeds } = pair;
        const subject = { model, float32, samples: [feeds] };
        const choices = BINARIES.map((binary) => ({ binary }));
        const here = await measureRuntimes(subject, choices, { signal });
        yield* rowsOf(`${pair.name} in Deno`, here, loads);
        if (chromium === undefined) continue;
        const page = await binariesInPage(chromium, join(folder, "page"), pair, signal);
        yield* rowsOf(`${pair.name} in Chromium`, page, loads);
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
};

/** A line for each import that leads to a binary. */
function rowsOf(
  what: string,
  rows: readonly RuntimeRow[],
  loads: Awaited<ReturnType<typeof entryLoads>>,
): EntryRow[] {
  return rows.flatMap((row) =>
    (loads.get(row.binary) ?? []).map((load): EntryRow => ({
      what: `${what}, ${load.entry} (${row.binary})`,
      against: "float32 there",
      row,
      load,
    }))
  );
}

async function* pairs(folder: string, signal: AbortSignal): AsyncGenerator<ServedPair> {
  const keep = Deno.env.get("OCTAVO_KEEP");
  for (const name of askedNetworks() ?? NETWORKS) {
    const kept = keep === undefined ? undefined : await keptPair(keep, name);
    if (kept) {
      yield kept;
      continue;
    }
    for await (const { model: float32, data: { splits } } of formNetworks(folder, [name])) {
      const { model } = await optimize(float32, splits.calibration, { signal });
      const pair = { name, float32, model, feeds: await splits.test.sample(0) };
      if (keep !== undefined) {
        await Deno.mkdir(keep, { recursive: true });
        await writeWhole(join(keep, `${name}.onnx`), float32.bytes());
        await writeWhole(join(keep, `${name}.served.onnx`), model.bytes());
      }
      yield pair;
    }
  }
}

/** What somebody has put into a folder, or an earlier run has. */
async function keptPair(folder: string, name: string): Promise<ServedPair | undefined> {
  const at = (end: string) => join(folder, name + end);
  const isThere = await Deno.stat(at(".served.onnx")).then(() => true, () => false);
  if (!isThere) return undefined;
  const float32 = await readModel(at(".onnx"));
  const hasSamples = await Deno.stat(at(".npz")).then(() => true, () => false);
  const feeds = hasSamples
    ? await (await npzDataset(at(".npz"), float32)).sample(0)
    : noise(valueTypes(float32.graph).inputs, name);
  return { name, float32, model: await readModel(at(".served.onnx")), feeds };
}
