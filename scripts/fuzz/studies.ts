import { join } from "node:path";
import { UserError } from "../../lib/errors.ts";
import { infoOf } from "../../lib/evaluate/metric.ts";
import { top1 } from "../../lib/evaluate/metrics/top1.ts";
import type { Random } from "../../lib/random.ts";
import { memoryStore } from "../../lib/study/memory_store.ts";
import { openStudy, readStudy, STUDY_FILE } from "../../lib/study/open_study.ts";
import type { StoredTrial, StudyHeader, StudyIdentity } from "../../lib/study/study_store.ts";
import { StudyStore } from "../../lib/study/study_store.ts";
import { mutateBytes } from "./mutate_bytes.ts";
import { mutateText } from "./mutate_text.ts";
import type { Target } from "./target.ts";

const identity: StudyIdentity = {
  model: { name: "net.onnx", hash: "aa".repeat(32) },
  data: { name: "digits.npz", splits: [{ name: "selection", samples: 4, hash: "bb".repeat(32) }] },
  metric: { name: "top-1", unit: "%", source: "top-1" },
  versions: { octavo: "0" },
};

const selection = { value: 90, low: 80, high: 95, n: 4 };

const header: StudyHeader = {
  schema: 1,
  title: "net",
  model: { name: "net.onnx", hash: "aa", bytes: 40, opset: 17, nodes: 3, parameters: 10 },
  data: { name: "digits.npz", labelled: true, splits: [], seed: 0 },
  metric: infoOf(top1()),
  maxDrop: 0.5,
  baseline: { selection, latencyMs: 2 },
  provenance: {
    ...{ command: "fuzz", config: {}, versions: {}, machine: "this", workers: 1, threads: 1 },
    reused: 0,
  },
  grid: ["k1", "k2"],
  files: { "best.onnx": "k1" },
};

const trials: StoredTrial[] = ["k1", "k2"].map((key) => ({
  ...{ key, name: "mixed", family: "mixed", executes: { QLinearConv: 1 }, plan: [], bytes: 10 },
  recipe: { kind: "configuration", base: "fused", placement: "mixed" },
  ...{ modelHash: `m${key}`, seconds: 1 },
}));

async function fill(store: StudyStore): Promise<void> {
  await store.putHeader(header);
  for (const trial of trials) {
    await store.putTrial(trial);
    await store.putEvaluation(trial.modelHash!, {
      accuracy: { split: "selection", value: selection, difference: selection },
      scores: new Float64Array(4),
    });
  }
}

const databases: Target = {
  name: "study.db",
  async seeds() {
    const folder = await Deno.makeTempDir();
    {
      await using store = await openStudy(identity, { folder });
      await fill(store);
    }
    const bytes = await Deno.readFile(join(folder, STUDY_FILE));
    await Deno.remove(folder, { recursive: true });
    return [bytes];
  },
  mutate: mutateBytes,
  async read(bytes, outside) {
    const folder = await Deno.makeTempDir();
    try {
      await Deno.writeFile(join(folder, STUDY_FILE), bytes);
      await outside("SQLite", () => readStudy(folder));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
};

/** The records of a study, each as the JSON that the database holds. */
const records: Target = {
  name: "study records",
  seeds: () => {
    const text = new TextEncoder();
    return Promise.resolve([text.encode(JSON.stringify({ header, trial: trials[0] }))]);
  },
  mutate: (bytes: Uint8Array, stream: Random) =>
    new TextEncoder().encode(mutateText(new TextDecoder().decode(bytes), stream)),
  async read(bytes) {
    const { header, trial } = parsed(new TextDecoder().decode(bytes));
    const store = memoryStore();
    await store.put("document", "identity", identity as never);
    await store.put("document", "study", header);
    await store.put("trial", "k1", trial);
    await (await StudyStore.over(store, "the fuzzer's memory"))!.study();
  },
};

/** What is no JSON, or not there, never was in a database. */
function parsed(text: string) {
  try {
    const { header, trial } = JSON.parse(text);
    if (header !== undefined && trial !== undefined) return { header, trial };
  } catch {
    // Told below.
  }
  throw new UserError("Cannot read the records: they are no JSON");
}

/** Studies as they lie in a folder. */
export const studies: readonly Target[] = [databases, records];
