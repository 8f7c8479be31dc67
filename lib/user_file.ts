import { type FileHandle, open, readdir, stat } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { nearest, UserError } from "./errors.ts";
import { isMissing, systemReason } from "./system_errors.ts";

/** Most names of a folder that are compared with one that is not there. */
const MOST_NAMES = 10_000;

/** Most bytes that one call reads: systems refuse more than an int32 holds. */
const MOST_AT_ONCE = 2 ** 30;

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
  const file = await openPlain(path, name);
  try {
    const { size } = await file.stat();
    return await readPart(file, 0, size);
  } catch (error) {
    return fail(name, systemReason(error), error);
  } finally {
    await file.close();
  }
}

/**
 * Reads a text file that the user named; the mark that editors on Windows put in front is left out.
 *
 * @throws {UserError} If it cannot be read, or holds no text.
 */
export async function readUserText(path: string): Promise<string> {
  const bytes = await readUserFile(path);
  const utf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) ||
    (bytes[0] === 0xfe && bytes[1] === 0xff);
  if (utf16) throw new UserError(`Cannot read ${path}: it is text in UTF-16; save it as UTF-8`);
  const text = new TextDecoder().decode(bytes);
  // What is no UTF-8 is decoded as U+FFFD; a zero byte is in no text that people write.
  if (/[\0\ufffd]/.test(text)) {
    throw new UserError(`Cannot read ${path}: it is no text; save it as UTF-8`);
  }
  return text;
}

/**
 * Opens a file that a user named, to read it in parts.
 *
 * @throws {UserError} As {@linkcode readUserFile} does.
 */
export async function openUserFile(
  path: string | URL,
  name: string = String(path),
): Promise<FileHandle> {
  await requirePlain(path, name, false);
  return await openPlain(path, name);
}

async function openPlain(path: string | URL, name: string): Promise<FileHandle> {
  return await open(path).catch((error) => fail(name, systemReason(error), error));
}

/**
 * Reads the bytes of a file from `start` up to, not including, `end`.
 *
 * @throws {Error} If the file ends before that.
 */
export async function readPart(
  file: FileHandle,
  start: number,
  end: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(end - start);
  for (let at = 0; at < bytes.length;) {
    const length = Math.min(bytes.length - at, MOST_AT_ONCE);
    const { bytesRead } = await file.read(bytes, at, length, start + at);
    if (bytesRead === 0) throw new Error("it shrank while it was read");
    at += bytesRead;
  }
  return bytes;
}

/** Opening a pipe waits for whoever writes into it, so it is asked first what lies there. */
async function requirePlain(
  path: string | URL,
  name: string,
  mayBeEmpty: boolean,
): Promise<void> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) fail(name, "it is a folder; name a file");
    if (!found.isFile()) {
      fail(name, "it is no plain file, but a pipe or a device; save it as a file");
    }
    if (found.size === 0 && !mayBeEmpty) fail(name, "it is empty");
  } catch (error) {
    if (error instanceof UserError) throw error;
    fail(name, await whyMissing(path, error), error);
  }
}

async function whyMissing(path: string | URL, error: unknown): Promise<string> {
  if (!isMissing(error)) return systemReason(error);
  const file = path instanceof URL ? fileURLToPath(path) : path;
  const near = await nearestFile(file).catch(() => undefined);
  return `there is no such file${near === undefined ? "" : ` (did you mean ${near}?)`}`;
}

/** The file in the same folder whose name is most like it: first of those that end like it. */
async function nearestFile(path: string): Promise<string | undefined> {
  const names: string[] = [];
  for (const entry of await readdir(dirname(path), { withFileTypes: true })) {
    if (entry.isFile() && names.push(entry.name) >= MOST_NAMES) break;
  }
  const [wanted, ending] = [basename(path), extname(path)];
  // "a.onnx.data" belongs to "a.onnx": nothing else takes its place.
  if (names.includes(basename(wanted, ending))) return undefined;
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
