import { dirname, join, resolve } from "node:path";
import { UsageError, UserError } from "../../lib/errors.ts";
import { type ModelFolder, modelFolder, ownFolder } from "./model_folder.ts";
import { systemReason } from "../../lib/system_errors.ts";

/**
 * The file that a model is to be written to.
 *
 * @param example What it might be called, for whoever has not said.
 * @throws {UsageError} If there is none, or it is no plain file, or the file that the model comes from.
 */
export function requireOut(out: string | undefined, model: string, example: string): string {
  if (out === undefined) {
    throw new UsageError(`Missing --out: name the file to write, e.g. --out ${example}`);
  }
  if (resolve(out) === resolve(model)) {
    throw new UsageError(`--out ${out} is the model itself; name another file`);
  }
  const found = whatIsAt(out);
  if (out.endsWith("/") || found?.isDirectory) {
    throw new UsageError(`--out ${out} is a folder: name a file in it, e.g. ${join(out, example)}`);
  }
  if (found && !found.isFile) {
    throw new UsageError(
      `--out ${out} is no plain file, but a pipe or a device; name another file`,
    );
  }
  return out;
}

/** Where a model is to be written to. */
export interface OutPlace {
  readonly out: string;
  /** The model's own folder, where it is to hold the result, too. */
  readonly folder?: ModelFolder;
}

/**
 * The file that a model is to be written to: the one that is named, or else its place in the folder that
 * the model is in.
 *
 * @throws {UsageError} As {@linkcode requireOut} does.
 * @throws {UserError} If the folder has such a file of another program.
 */
export async function outPlace(
  out: string | undefined,
  model: string,
  example: string,
): Promise<OutPlace> {
  if (out === undefined) {
    const folder = await ownFolder(model);
    if (folder) return { out: folder.quantized, folder };
  }
  return { out: requireOut(out, (await modelFolder(model))?.model ?? model, example) };
}

/**
 * Makes the folder of a file that is to be written, and tries to write there: better now than when all
 * the work is done.
 *
 * @throws {UserError} If the folder cannot be made, or nothing can be written to it.
 */
export async function makeRoomFor(out: string): Promise<void> {
  const folder = dirname(out);
  try {
    await makeWritable(folder);
  } catch (error) {
    const reason = systemReason(error);
    throw new UserError(
      `Cannot write ${out}: nothing can be written to ${folder} (${reason}); name a file elsewhere`,
      { cause: error },
    );
  }
}

/**
 * Makes a folder, and tries to write there.
 *
 * @throws {Error} What the system says, if it cannot be.
 */
export async function makeWritable(folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  await Deno.remove(await Deno.makeTempFile({ dir: folder, prefix: ".octavo-" }));
}

function whatIsAt(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch {
    return undefined; // what is not there can be made
  }
}
