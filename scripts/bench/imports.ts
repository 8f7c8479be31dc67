import { fileURLToPath } from "node:url";
import { latencyRatio } from "../../lib/evaluate/latency.ts";
import type { Bench, BenchRow } from "./bench.ts";

/** Fresh processes for each entry. */
const ROUNDS = 11;

/** An entry of the package, and the clone that it is imported from. */
interface Entry {
  readonly what: string;
  /** Path of the module, from the clone. */
  readonly path: string;
  readonly clone: string;
}

/** What a script waits for before its first line. */
export const imports: Bench = {
  name: "imports",
  summary:
    "importing each entry in a fresh process, against octavo ($OCTAVO_BEFORE: another clone, " +
    "whose mod.ts is the one to be measured against)",
  async *run(signal) {
    const clone = fileURLToPath(new URL("../..", import.meta.url));
    const before = Deno.env.get("OCTAVO_BEFORE");
    const own = [
      { what: "octavo", path: "mod.ts", clone },
      { what: "octavo/quantize", path: "lib/entry/quantize.ts", clone },
      { what: "octavo/advanced", path: "lib/entry/advanced.ts", clone },
      { what: "octavo/notebook", path: "lib/entry/notebook.ts", clone },
    ];
    const entries: Entry[] = before === undefined
      ? own
      : [{ what: "octavo before", path: "mod.ts", clone: before }, ...own];
    yield* measure(entries, signal);
  },
};

async function* measure(entries: readonly Entry[], signal: AbortSignal): AsyncGenerator<BenchRow> {
  const ms: number[][] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const taken: number[] = [];
    for (const entry of entries) {
      signal.throwIfAborted();
      taken.push(await timeImport(entry));
    }
    if (round > 0) ms.push(taken); // in the first, Deno's cache may be cold
  }
  for (const [candidate, { what }] of entries.entries()) {
    if (candidate === 0) continue;
    yield { what, against: entries[0]!.what, latency: latencyRatio({ ms }, { candidate }) };
  }
}

/** Milliseconds of processor time: unlike the clock's, they are about the same on a busy machine. */
async function timeImport({ path, clone }: Entry): Promise<number> {
  const script = new URL("imports_run.ts", import.meta.url).href;
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--config", `${clone}/deno.json`, script, `${clone}/${path}`],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return Number(new TextDecoder().decode(stdout));
}
