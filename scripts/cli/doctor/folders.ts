import { dirname, join, resolve } from "node:path";
import { isPermitted } from "../../../lib/permitted.ts";
import { plural } from "../../../lib/report/format.ts";
import { systemReason } from "../../../lib/system_errors.ts";
import type { Finding } from "./finding.ts";

/** Where times of kernels are kept, and what is in it. */
export async function cacheFinding(folder: string | undefined): Promise<Finding> {
  const name = "cache folder";
  if (folder === undefined) {
    const help = "Kernels are timed anew each time: permit --allow-env, and set XDG_CACHE_HOME.";
    return { name, state: "note", found: "none: no variable names one", help };
  }
  const kept = await keptTimes(folder);
  const found = `${folder}, ${
    kept.files === 0
      ? "empty"
      : `${plural(kept.times, "time")} of kernels in ${plural(kept.files, "file")}, ${
        (kept.bytes / 1e3).toFixed(1)
      } kB`
  }`;
  const why = await whyNotWritable(folder);
  if (why === undefined) return { name, state: "ok", found };
  const help = "Kernels are timed anew each time: make it writable, or set XDG_CACHE_HOME.";
  return { name, state: "note", found: `${found}; nothing can be written there (${why})`, help };
}

/** Where studies and reports go by default: folders of the one in which the command was typed. */
export async function studyFinding(folder: string): Promise<Finding> {
  const name = "study folder";
  const why = await whyNotWritable(folder);
  if (why === undefined) return { name, state: "ok", found: `${folder}, can be written` };
  const help = "Go to a folder of your own, or name one there: --out.";
  return { name, state: "wrong", found: `${folder}: nothing can be written there (${why})`, help };
}

/** What the files of times hold, whichever machines they are of. */
async function keptTimes(folder: string): Promise<{ files: number; times: number; bytes: number }> {
  const kept = { files: 0, times: 0, bytes: 0 };
  try {
    for await (const { name } of Deno.readDir(folder)) {
      if (!/^costs-.*\.json$/.test(name)) continue;
      const text = await Deno.readTextFile(join(folder, name));
      kept.files++;
      kept.bytes += text.length;
      kept.times += Object.keys(JSON.parse(text).times ?? {}).length;
    }
  } catch {
    // Not there yet, or not whole: it is but a cache.
  }
  return kept;
}

/** Why nothing can be written to a folder, or to the one above it in which it would be made. */
async function whyNotWritable(folder: string): Promise<string | undefined> {
  const path = resolve(folder);
  if (!isPermitted({ name: "write", path })) return "Deno does not permit it";
  try {
    await Deno.remove(await Deno.makeTempFile({ dir: path, prefix: ".octavo-" }));
    return undefined;
  } catch (error) {
    const isMissing = error instanceof Deno.errors.NotFound && dirname(path) !== path;
    return isMissing ? await whyNotWritable(dirname(path)) : systemReason(error);
  }
}
