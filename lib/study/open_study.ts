import { join } from "node:path";
import { reasonOf, UserError } from "../errors.ts";
import { canonicalJson } from "../record/json.ts";
import type { Study } from "../record/study_record.ts";
import { systemReason } from "../system_errors.ts";
import { memoryStore } from "./memory_store.ts";
import { DatabaseError } from "./database_error.ts";
import { STUDY_JSON } from "./files.ts";
import { LOCK_FILE, lockFolder } from "./folder_lock.ts";
import type { Store } from "./store.ts";
import { type StudyHeader, type StudyIdentity, StudyStore } from "./study_store.ts";

/** Name of the file, in the folder of a study, that holds it. */
export const STUDY_FILE = "study.db";

/** Where a study is kept. */
export interface StudyPlace {
  /** A folder, which is made at the first write if it is missing. @default {none: in memory} */
  readonly folder?: string;
  /** Start over where there is a study already. @default {false} */
  readonly fresh?: boolean;
  /**
   * A store of one's own for the results, in place of a file in the folder. It is left open.
   * @default {none}
   */
  readonly store?: Store;
}

/**
 * Opens a study where it is kept.
 *
 * @throws {UserError} If that holds another study (says what differs), or the folder other files.
 */
export async function openStudy(
  identity: StudyIdentity,
  { folder, fresh = false, store }: StudyPlace = {},
): Promise<StudyStore> {
  if (store) return await openOwn(identity, store);
  if (folder === undefined) {
    return new StudyStore(identity, undefined, () => Promise.resolve(memoryStore()), "memory");
  }
  const make = async () => {
    await Deno.mkdir(folder, { recursive: true });
    const lock = await lockFolder(folder);
    try {
      // What is left of one that was removed by hand belongs to no other.
      if (!await isThere(join(folder, STUDY_FILE))) await removeDatabase(folder);
      return locked(await openDatabase(join(folder, STUDY_FILE)), lock);
    } catch (error) {
      lock[Symbol.dispose]();
      throw error;
    }
  };
  if (await isFree(folder)) return new StudyStore(identity, undefined, make, folder);
  const lock = await lockFolder(folder);
  try {
    const existing = await openExisting(folder, lock).catch((error) => {
      if (!fresh || !canBeReplaced(error)) throw error;
    });
    if (existing && !fresh) {
      await requireSame(existing, identity, folder);
      return existing;
    }
    await existing?.[Symbol.asyncDispose]();
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
  lock[Symbol.dispose]();
  const begin = async () => {
    if (fresh) await removeStudy(folder);
    return await make();
  };
  return new StudyStore(identity, undefined, begin, folder);
}

/** Loaded when it is asked for: what keeps its studies in memory needs no database. */
async function openDatabase(path: string): Promise<Store> {
  const { sqliteStore } = await import("./sqlite_store.ts");
  return await sqliteStore(path);
}

/** A store that lets go of its folder when it is closed. */
function locked(store: Store, lock: Disposable): Store {
  return {
    ...borrowed(store),
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      lock[Symbol.dispose]();
    },
  };
}

async function isThere(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

/**
 * Reads the study that a folder holds.
 *
 * @throws {UserError} If it holds none, or one in which nothing has been measured yet.
 */
export async function readStudy(folder: string): Promise<Study> {
  const missing = await isFree(folder).then((free) => free, () => true);
  if (missing) throw new UserError(`Cannot read a study from ${folder}: it holds no ${STUDY_FILE}`);
  await using store = await openExisting(folder);
  const study = await store?.study();
  if (study) return study;
  throw new UserError(
    `Cannot read a study from ${folder}: it was stopped before anything was measured; ` +
      `run the same command again, it will continue`,
  );
}

async function openOwn(identity: StudyIdentity, own: Store): Promise<StudyStore> {
  const store = borrowed(own);
  const existing = await StudyStore.over(store, "the given store");
  if (existing) await requireSame(existing, identity, "the given store");
  return existing ??
    new StudyStore(identity, undefined, () => Promise.resolve(store), "the given store");
}

/** A store that is somebody else's, who closes it. */
function borrowed(store: Store): Store {
  return {
    get: (kind, key) => store.get(kind, key),
    put: (kind, key, value) => store.put(kind, key, value),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function requireSame(
  existing: StudyStore,
  identity: StudyIdentity,
  place: string,
): Promise<void> {
  const different = differences(existing.identity, identity);
  if (different.length === 0) return;
  await existing[Symbol.asyncDispose]();
  throw new UserError(
    `Cannot add to the study in ${place}, it is another one: ${different.join("; ")}. ` +
      `Use another folder (--out), or delete this study and start again (--fresh).`,
  );
}

/**
 * The study in a folder; undefined where a process was killed before it wrote what it is of.
 *
 * @param lock Is let go when the study is closed.
 */
async function openExisting(folder: string, lock?: Disposable): Promise<StudyStore | undefined> {
  const path = join(folder, STUDY_FILE);
  try {
    const store = await openDatabase(path);
    const existing = await StudyStore.over(lock ? locked(store, lock) : store, folder);
    if (!existing) await store[Symbol.asyncDispose]();
    return existing;
  } catch (error) {
    const advice = error instanceof DatabaseError ? error.advice : "Name another folder (--out).";
    throw new UserError(`Cannot read the study in ${path}: ${reasonOf(error)}. ${advice}`, {
      cause: error,
    });
  }
}

/** Whether a study that cannot be read may make room: it is ours, and of no use any more. */
function canBeReplaced(error: unknown): boolean {
  return error instanceof UserError && error.cause instanceof DatabaseError &&
    ["damaged", "version"].includes(error.cause.trouble);
}

/** Whether a study may be begun in a folder: it is missing or empty, or its study was removed. */
async function isFree(folder: string): Promise<boolean> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) names.push(name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return true;
    const file = (await Deno.stat(folder).catch(() => undefined))?.isFile;
    const reason = file
      ? "it is a file; name a folder"
      : `${systemReason(error)}; name a folder elsewhere (--out)`;
    throw new UserError(`Cannot use ${folder} for a study: ${reason}`, { cause: error });
  }
  if (names.includes(STUDY_FILE)) return false;
  if ([STUDY_JSON, LOCK_FILE].some((name) => names.includes(name))) return true;
  // Of two processes that begin at once, the other may have made its first file.
  const others = names.filter((name) => !name.startsWith("."));
  if (others.length === 0) return true;
  throw new UserError(
    `Cannot use ${folder} for a study: it holds other files (${others.slice(0, 3).join(", ")}` +
      `${others.length > 3 ? ", …" : ""}) and no ${STUDY_FILE}; name a new or empty folder`,
  );
}

/** What makes them two studies, in words; nothing if they are one. */
function differences(old: StudyIdentity, now: StudyIdentity): string[] {
  const short = (hash: string) => hash.slice(0, 8);
  const found: string[] = [];
  if (old.model.hash !== now.model.hash) {
    found.push(
      `it holds the model ${old.model.name} (SHA-256 ${short(old.model.hash)}…), ` +
        `this is ${now.model.name} (${short(now.model.hash)}…)`,
    );
  }
  if (old.reference?.hash !== now.reference?.hash) {
    const name = ({ reference }: StudyIdentity) =>
      reference ? `${reference.name} (${short(reference.hash)}…)` : "the model itself";
    found.push(`its accuracy is against ${name(old)}, this one's against ${name(now)}`);
  }
  const splits = now.data.splits.filter(({ name, hash }) =>
    old.data.splits.find((split) => split.name === name)?.hash !== hash
  );
  if (splits.length > 0) {
    const parts = splits.map(({ name, samples }) => {
      const before = old.data.splits.find((split) => split.name === name)?.samples ?? 0;
      return before === samples
        ? `${name}: other ${samples} samples`
        : `${name}: ${before} samples there, ${samples} here`;
    });
    const from = old.data.name === now.data.name
      ? ""
      : ` of ${old.data.name}, not ${now.data.name}`;
    found.push(`it was made on other data${from} (${parts.join(", ")})`);
  }
  if (canonicalJson(old.metric) !== canonicalJson(now.metric)) {
    found.push(
      old.metric.name === now.metric.name
        ? `its metric ${old.metric.name} was computed in another way`
        : `its metric is ${old.metric.name}, this one's ${now.metric.name}`,
    );
  }
  const names = new Set([...Object.keys(old.versions), ...Object.keys(now.versions)]);
  for (const name of names) {
    const [before, after] = [old.versions[name], now.versions[name]];
    if (before !== after) {
      found.push(`it was made with ${name} ${before}, this is ${name} ${after}`);
    }
  }
  return found;
}

/** Removes what a study wrote into its folder, and nothing else; of one that cannot be read, its database. */
async function removeStudy(folder: string): Promise<void> {
  try {
    await using store = await openExisting(folder);
    // Not by the schema, which another version's may not fit.
    const header = await store?.document("study") as Partial<StudyHeader> | undefined;
    await removeFiles(folder, Object.keys(header?.files ?? {}));
  } catch (error) {
    if (!canBeReplaced(error)) throw error;
  }
  // The database last, so that a removal which is cut off can be taken up again.
  await removeDatabase(folder);
}

async function removeDatabase(folder: string): Promise<void> {
  await removeFiles(folder, [`${STUDY_FILE}-wal`, `${STUDY_FILE}-shm`, STUDY_FILE]);
}

async function removeFiles(folder: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    await Deno.remove(join(folder, name)).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }
}
