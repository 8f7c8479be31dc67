import { type FileHandle, open, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { UserError } from "./errors.ts";
import { systemReason } from "./system_errors.ts";

/** What a file is to hold: text, bytes, bytes in parts, or what a function writes and closes. */
export type FileContent =
  | string
  | Uint8Array
  | readonly Uint8Array[]
  | ((file: WritableStream<Uint8Array<ArrayBuffer>>) => Promise<void>);

/**
 * Writes a file whole or not at all: beside the target, under the name `.name.1a2b3c4d.tmp`, which is
 * then renamed. To every reader that is one step, and a write that fails or is cut off leaves an older
 * file as it was. A link is followed: what it leads to is replaced, and it stays a link.
 *
 * @param path Its folder must be there.
 * @throws {UserError} If the file cannot be written, what is there is no plain file, or the function
 * throws; `cause` is the reason.
 * @example
 * ```ts
 * import { writeWhole } from "./whole_file.ts";
 * import assert from "node:assert/strict";
 * const path = `${await Deno.makeTempDir()}/notes.txt`;
 * await writeWhole(path, "two words\n");
 * assert.equal(await Deno.readTextFile(path), "two words\n");
 * ```
 */
export async function writeWhole(path: string, content: FileContent): Promise<void> {
  const target = await plainTarget(path);
  const random = crypto.randomUUID().slice(0, 8);
  const temporary = join(dirname(target), `.${basename(target)}.${random}.tmp`);
  try {
    const file = await open(temporary, "wx");
    try {
      if (typeof content === "function") await content(streamInto(file));
      else for (const part of partsOf(content)) await writeAll(file, part);
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw new UserError(`Cannot write ${path}: ${systemReason(error)}`, { cause: error });
  }
}

/** Where a path leads. A device or a pipe would be gone, were a file renamed to its name. */
async function plainTarget(path: string): Promise<string> {
  const target = await realpath(path).catch(() => path); // nothing there yet
  const found = await stat(target).catch(() => undefined);
  if (!found || found.isFile()) return target;
  const what = found.isDirectory() ? "is a folder" : "is no plain file, but a pipe or a device";
  throw new UserError(`Cannot write ${path}: it ${what}; name another file`);
}

function partsOf(content: string | Uint8Array | readonly Uint8Array[]): readonly Uint8Array[] {
  if (typeof content === "string") return [new TextEncoder().encode(content)];
  return content instanceof Uint8Array ? [content] : content;
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done);
    done += bytesWritten;
  }
}

/** The file as a stream, which leaves it open. */
function streamInto(file: FileHandle): WritableStream<Uint8Array<ArrayBuffer>> {
  return new WritableStream({ write: (chunk) => writeAll(file, chunk) });
}
