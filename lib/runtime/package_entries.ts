import { readUserFile } from "../user_file.ts";
import { distOf } from "./package_files.ts";

/** What a page loads that imports onnxruntime-web by one of its entries, without a bundler. */
export interface PackageEntry {
  /** What is imported, e.g. `onnxruntime-web/wasm`. */
  readonly entry: string;
  /** The WASM file, e.g. `ort-wasm-simd-threaded.jsep.wasm`. */
  readonly wasm: string;
  /** The scripts: the entry's own, and the one that starts the WASM where that is apart. */
  readonly scripts: readonly string[];
}

/** Part of a package's `package.json`: an entry leads to a file, or by the conditions to one of several. */
interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, unknown>>>>;
}

/** A name of the runtime's own files: the script that starts the WASM, or the WASM. */
const PAIR = /\bort-wasm-simd-threaded(?:\.\w+)?(?=\.(?:wasm|mjs)\b)/;

/** What stands in the script that starts the WASM, whatever it is bundled with. */
const STARTS_WASM = "_OrtCreateRunOptions=";

/**
 * What each entry of a release makes a page load, as its own files say: `package.json` leads to a script, which
 * names its WASM file. Entries without WASM are left out.
 *
 * @param dist The release's folder `dist/`. @default {that of Octavo's own}
 * @returns In the order of `package.json`.
 * @throws {UserError} If the folder has no such files.
 * @example
 * ```ts
 * import { packageEntries } from "./package_entries.ts";
 * import assert from "node:assert/strict";
 * const byEntry = new Map((await packageEntries()).map((one) => [one.entry, one]));
 * assert.equal(byEntry.get("onnxruntime-web/wasm")!.wasm, "ort-wasm-simd-threaded.wasm");
 * assert.equal(byEntry.get("onnxruntime-web")!.wasm, "ort-wasm-simd-threaded.jsep.wasm");
 * ```
 */
export async function packageEntries(dist: URL = distOf()!): Promise<PackageEntry[]> {
  const { name, exports } = JSON.parse(
    await readText(new URL("../package.json", dist), "package.json of onnxruntime-web"),
  ) as Manifest;
  const found: PackageEntry[] = [];
  for (const [path, target] of Object.entries(exports)) {
    const script = typeof target === "string" ? undefined : moduleOf(target.import);
    if (script === undefined) continue;
    const text = await readText(new URL(`../${script}`, dist), script);
    const pair = text.match(PAIR)?.[0];
    if (pair === undefined) continue;
    const own = script.replace(/^.*\//, "");
    found.push({
      entry: name + path.slice(1),
      wasm: `${pair}.wasm`,
      scripts: text.includes(STARTS_WASM) ? [own] : [own, `${pair}.mjs`],
    });
  }
  return found;
}

/** The script that a page without a bundler gets by a condition. */
function moduleOf(target: unknown): string | undefined {
  if (typeof target === "string") return target;
  return moduleOf((target as { readonly default?: unknown } | undefined)?.default ?? undefined);
}

async function readText(path: URL, name: string): Promise<string> {
  return new TextDecoder().decode(await readUserFile(path, name));
}
