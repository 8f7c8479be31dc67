import { join } from "node:path";
import { bytesOf } from "../../lib/data/shared.ts";
import { compareTurns } from "../../lib/evaluate/compare_turns.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { BINARIES, type Binary, binaryFiles } from "../../lib/record/binary.ts";
import type { RuntimeRow } from "../../lib/record/runtime_table.ts";
import { VERIFIED_RUNTIME } from "../../lib/record/verified_runtime.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import { packageEntries } from "../../lib/runtime/package_entries.ts";
import { runtimeFile } from "../../lib/runtime/package_files.ts";
import type { Feeds } from "../../lib/tensor/tensor.ts";
import { askPage } from "./ask_page.ts";
import { writePageContent, writePageFile } from "./page_files.ts";

/** A network, and what is to be served in its place. */
export interface ServedPair {
  readonly name: string;
  readonly float32: Model;
  readonly model: Model;
  readonly feeds: Feeds;
}

/** Fresh browsers in which each binary is started, and in how many of them the models are timed. */
const STARTS = 6;
const TIMED = 3;

/** Rounds of a browser in which the models are timed. */
const ROUNDS = 7;

/** What a page sends back. */
interface Answer {
  /** Milliseconds of the page's thread until the first session was there. */
  readonly startMs: number;
  /** SHA-256 of what each model gave. */
  readonly hashes: readonly string[];
  /** `[round][model]` */
  readonly ms: number[][];
}

/**
 * Starts each binary in fresh browsers, by the smallest import that leads to it, and times the models there, the
 * binaries in turns. Bits are held against those in Deno.
 *
 * @param page A folder for it; what is there stays for the next network.
 */
export async function binariesInPage(
  chromium: string,
  page: string,
  { float32, model, feeds }: ServedPair,
  signal: AbortSignal,
): Promise<RuntimeRow[]> {
  const scripts = await writeEntries(page);
  const models = [float32, model];
  const expected = await Promise.all(models.map((one) => hashOf(one, feeds)));
  const turns = scripts.map(() => ({ ms: [] as number[][][], starts: [] as number[] }));
  const bits = scripts.map((): RuntimeRow["bits"] => "same");
  for (let turn = 0; turn < STARTS; turn++) {
    for (const [i, [, script]] of scripts.entries()) {
      signal.throwIfAborted();
      const rounds = turn < TIMED ? ROUNDS : 0;
      await writePageContent(page, "binary_page.js", { models, feeds, more: { script, rounds } });
      const answer = await askPage<Answer>(chromium, page, "binary.html");
      turns[i]!.starts.push(answer.startMs);
      if (rounds > 0) turns[i]!.ms.push(answer.ms);
      const other = answer.hashes.findIndex((hash, which) => hash !== expected[which]);
      if (other >= 0) {
        bits[i] = { model: models[other]!.name, node: "", opType: "", tensor: "all" };
      }
    }
  }
  return scripts.map(([binary], i) => ({
    ...{ release: VERIFIED_RUNTIME, binary, bits: bits[i]! },
    ...compareTurns(turns[i]!, turns[0]!),
  }));
}

/** Puts the package's files beside the page, and gives back a script for each binary. */
async function writeEntries(page: string): Promise<[Binary, string][]> {
  await Deno.mkdir(page, { recursive: true });
  const entries = await packageEntries();
  const found = BINARIES.flatMap((binary) => {
    const entry = entries.find(({ wasm }) => wasm === binaryFiles(binary).wasm);
    return entry ? [[binary, entry] as const] : [];
  });
  for (const [, { scripts, wasm }] of found) {
    for (const name of [...scripts, wasm]) {
      const isThere = await Deno.stat(join(page, name)).then(() => true, () => false);
      if (!isThere) await writePageFile(page, name, await runtimeFile(name));
    }
  }
  await writePageFile(
    page,
    "binary.html",
    `<!doctype html>\n<script type="module" src="binary_page.js"></script>\n`,
  );
  return found.map(([binary, { scripts }]) => [binary, scripts[0]!]);
}

/** The same hash as the page makes. */
async function hashOf(model: Model, feeds: Feeds): Promise<string> {
  await using runtime = openRuntime({ workers: 0 });
  const [results] = await Array.fromAsync(runtime.run(model, [feeds]));
  const parts = Object.keys(results!).sort().map((name) => bytesOf(results![name]!).slice());
  const digest = await crypto.subtle.digest("SHA-256", await new Blob(parts).arrayBuffer());
  return new Uint8Array(digest).toHex();
}
