import { dirname, join } from "node:path";
import { UserError } from "../../../lib/errors.ts";
import { systemReason } from "../../../lib/system_errors.ts";
import { type FileContent, writeWhole } from "../../../lib/whole_file.ts";
import { makeWritable } from "../out_file.ts";

/** Files of a folder by name; a name may have folders in it. */
export type NewFiles = ReadonlyMap<string, FileContent>;

/** Which of the names there are in the folder already. */
export async function takenNames(folder: string, names: Iterable<string>): Promise<string[]> {
  const taken: string[] = [];
  for (const name of names) {
    if (await Deno.lstat(join(folder, name)).then(() => true, () => false)) taken.push(name);
  }
  return taken;
}

/**
 * Writes files into a folder, which is made, and leaves those that are there already.
 *
 * @returns The names that were left.
 * @throws {UserError} If what is there is no folder, or nothing can be written to it.
 */
export async function writeNewFiles(folder: string, files: NewFiles): Promise<string[]> {
  await makeFolder(folder);
  const left = await takenNames(folder, files.keys());
  for (const [name, content] of files) {
    if (left.includes(name)) continue;
    await makeFolder(dirname(join(folder, name)));
    await writeWhole(join(folder, name), content);
  }
  return left;
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await makeWritable(folder);
  } catch (error) {
    const isFile = await Deno.stat(folder).then(({ isDirectory }) => !isDirectory, () => false);
    const reason = isFile ? "it is a file" : systemReason(error);
    throw new UserError(`Cannot write to the folder ${folder}: ${reason}; name another folder`, {
      cause: error,
    });
  }
}
