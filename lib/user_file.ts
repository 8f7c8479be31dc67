import { fileURLToPath } from "node:url";
import { basename, dirname, extname, join } from "node:path";
import { nearest, reasonOf, UserError } from "./errors.ts";

/** Most names of a folder that are compared with one that is not there. */
const MOST_NAMES = 10_000;

/** Options for {@linkcode readUserFile}. */
export interface ReadUserFileOptions {
  /** Whether a file without a byte is one to use. @default {false} */
  mayBeEmpty?: boolean;
}

/**
 * Reads a file that a user named.
 *
 * @param name How messages call it. @default {the path}
 * @throws {UserError} If it is not there (names the nearest that is), is empty, a folder, a pipe or a
 * device, which may never end, or may not be read.
 */
export async function readUserFile(
  path: string | URL,
  name: string = String(path),
  { mayBeEmpty = false }: ReadUserFileOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  await requirePlain(path, name, mayBeEmpty);
  return await Deno.readFile(path).catch((error) => fail(name, systemReason(error), error));
}

/**
 * Opens a file that a user named, to read it in parts.
 *
 * @throws {UserError} As {@linkcode readUserFile} does.
 */
export async function openUserFile(
  path: string | URL,
  name: string = String(path),
): Promise<Deno.FsFile> {
  await requirePlain(path, name, false);
  return await Deno.open(path).catch((error) => fail(name, systemReason(error), error));
}

/** What the system says of a file, without the path, which the message has already. */
export function systemReason(error: unknown): string {
  return reasonOf(error).replace(/: \w+ '.*$/s, "");
}

/** Opening a pipe waits for whoever writes into it, so it is asked first what lies there. */
async function requirePlain(
  path: string | URL,
  name: string,
  mayBeEmpty: boolean,
): Promise<void> {
  try {
    const { isFile, isDirectory, size } = await Deno.stat(path);
    if (isDirectory) fail(name, "it is a folder; name a file");
    if (!isFile) fail(name, "it is no plain file, but a pipe or a device; save it as a file");
    if (size === 0 && !mayBeEmpty) fail(name, "it is empty");
  } catch (error) {
    if (error instanceof UserError) throw error;
    fail(name, await whyMissing(path, error), error);
  }
}

async function whyMissing(path: string | URL, error: unknown): Promise<string> {
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  if (!(error instanceof Deno.errors.NotFound)) return systemReason(error);
  const file = path instanceof URL ? fileURLToPath(path) : path;
  const near = await nearestFile(file).catch(() => undefined);
  return `there is no such file${near === undefined ? "" : ` (did you mean ${near}?)`}`;
}

/** The file in the same folder whose name is most like it: first of those that end like it. */
async function nearestFile(path: string): Promise<string | undefined> {
  const names: string[] = [];
  for await (const { name, isFile } of Deno.readDir(dirname(path))) {
    if (isFile && names.push(name) >= MOST_NAMES) break;
  }
  const [wanted, ending] = [basename(path), extname(path)];
  const [alike = [], others = []] = [true, false].map((same) =>
    names.filter((name) => (ending !== "" && extname(name) === ending) === same)
  );
  // Of the same ending the rest decides: "gone.bin" is not like "w.bin".
  const stems = new Map(alike.map((name) => [basename(name, ending), name]));
  const [stem] = nearest(basename(wanted, ending), stems.keys(), 1);
  const near = stem === undefined ? nearest(wanted, others, 1)[0] : stems.get(stem);
  return near === undefined || dirname(path) === "." ? near : join(dirname(path), near);
}

function fail(name: string, why: string, cause?: unknown): never {
  throw new UserError(`Cannot read ${name}: ${why}`, { cause });
}
