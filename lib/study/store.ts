import { join } from "node:path";
import type { Kysely } from "kysely";
import { z } from "zod";
import { UserError } from "../errors.ts";
import { openDatabase, type StudyTables } from "./sqlite_database.ts";
import { canonicalJson, type Json } from "../record/json.ts";
import { type SplitInfo, type Study, study as studyRecord } from "../record/study_record.ts";
import {
  accuracy,
  type Latency,
  latency,
  outputError,
  type Trial,
  trial,
} from "../record/trial_record.ts";

/** Name of the file, in the folder of a study, that holds it. */
export const STUDY_FILE = "study.db";

/** What makes two runs the same study: results of one may be used in the other. */
export interface StudyIdentity {
  readonly model: { readonly name: string; readonly hash: string };
  readonly data: {
    readonly name: string;
    readonly splits: readonly Readonly<SplitInfo>[];
  };
  readonly metric: { readonly name: string; readonly unit: string; readonly source: string };
  /** Of whatever decides the bits of a result: Octavo and onnxruntime-web. */
  readonly versions: Readonly<Record<string, string>>;
}

/** A trial as stored: what was made, apart from what was measured on it. */
export const storedTrial = trial.omit({ accuracy: true, outputs: true, latency: true, file: true });
export type StoredTrial = z.infer<typeof storedTrial>;

/** What one model makes of one split. */
export const evaluationRecord = z.strictObject({
  accuracy,
  outputs: outputError.optional(),
});
export type EvaluationRecord = z.infer<typeof evaluationRecord>;

/** An evaluation with the score of each sample, which paired comparisons are made from. */
export interface StoredEvaluation extends EvaluationRecord {
  readonly scores: Float64Array;
}

/** The study without what is stored row by row. */
export const studyHeader = studyRecord.omit({ trials: true, planned: true }).extend({
  /** Keys of the configurations that the last run was to measure. */
  grid: z.array(z.string()),
  /** Files written into the folder, by the trial they hold; "" for the files of the report. */
  files: z.record(z.string(), z.string()),
});
export type StudyHeader = z.infer<typeof studyHeader>;

/** Options for {@linkcode openStore}. */
export interface StoreOptions {
  /** Start over in a folder that holds a study: its files are removed at the first write. */
  fresh?: boolean;
}

/**
 * The results of a study, in one SQLite file. Each is written as it comes, in a transaction of its
 * own; a process that is killed loses none.
 *
 * Measurements belong to the bytes of a model, not to the configuration that led to them: two
 * configurations that give the same model share them.
 */
export class Store implements AsyncDisposable {
  /** Undefined for a study that lives in memory. */
  readonly folder: string | undefined;
  readonly identity: StudyIdentity;
  #database: Kysely<StudyTables> | undefined;
  /** The study to remove before the first write. */
  #old: Store | undefined;

  constructor(
    folder: string | undefined,
    identity: StudyIdentity,
    database?: Kysely<StudyTables>,
    old?: Store,
  ) {
    this.folder = folder;
    this.identity = identity;
    this.#database = database;
    this.#old = old;
  }

  /** The trial of this key, if it has been stored. */
  async trial(key: string): Promise<StoredTrial | undefined> {
    const row = await this.#database?.selectFrom("trial").select("record")
      .where("key", "=", key).executeTakeFirst();
    return row && this.#read(storedTrial, row.record);
  }

  async putTrial(trial: StoredTrial): Promise<void> {
    const record = JSON.stringify(trial);
    await (await this.#writable()).insertInto("trial").values({ key: trial.key, record })
      .onConflict((row) => row.column("key").doUpdateSet({ record })).execute();
  }

  /** What the model of this hash made of a split, if it has been measured. */
  async evaluation(model: string, split: string): Promise<StoredEvaluation | undefined> {
    const row = await this.#database?.selectFrom("evaluation").select(["record", "scores"])
      .where("model", "=", model).where("split", "=", split).executeTakeFirst();
    if (!row) return undefined;
    const scores = new Float64Array(row.scores.slice().buffer as ArrayBuffer);
    return { ...this.#read(evaluationRecord, row.record), scores };
  }

  async putEvaluation(model: string, evaluation: StoredEvaluation): Promise<void> {
    const { scores, ...rest } = evaluation;
    const { split } = evaluation.accuracy;
    const values = {
      record: JSON.stringify(rest),
      scores: new Uint8Array(scores.buffer, scores.byteOffset, scores.byteLength),
    };
    await (await this.#writable()).insertInto("evaluation").values({ model, split, ...values })
      .onConflict((row) => row.columns(["model", "split"]).doUpdateSet(values)).execute();
  }

  /** The latency of the model of this hash, if it was taken on this machine with these threads. */
  async timing(model: string, threads: number, machine: string): Promise<Latency | undefined> {
    const row = await this.#database?.selectFrom("timing").select("record")
      .where("model", "=", model).where("threads", "=", threads).where("machine", "=", machine)
      .executeTakeFirst();
    return row && this.#read(latency, row.record);
  }

  async putTiming(model: string, timing: Latency): Promise<void> {
    const { threads, machine } = timing;
    const record = JSON.stringify(timing);
    await (await this.#writable()).insertInto("timing").values({ model, threads, machine, record })
      .onConflict((row) => row.columns(["model", "threads", "machine"]).doUpdateSet({ record }))
      .execute();
  }

  /** A document by name, e.g. the statistics of a calibration. */
  async document(name: string): Promise<Json | undefined> {
    const row = await this.#database?.selectFrom("document").select("record")
      .where("name", "=", name).executeTakeFirst();
    return row && JSON.parse(row.record);
  }

  async putDocument(name: string, content: unknown): Promise<void> {
    await writeDocument(await this.#writable(), name, content);
  }

  /** The header last written; undefined before the first. */
  async header(): Promise<StudyHeader | undefined> {
    const content = await this.document(HEADER);
    return content === undefined ? undefined : this.#read(studyHeader, JSON.stringify(content));
  }

  async putHeader(header: StudyHeader): Promise<void> {
    await this.putDocument(HEADER, header);
  }

  /**
   * A trial with what has been measured on its model: accuracy, and latency on this machine with this
   * number of threads.
   */
  async result(key: string, threads: number, machine: string): Promise<Trial | undefined> {
    const stored = await this.trial(key);
    if (stored?.modelHash === undefined) return stored;
    const evaluation = await this.evaluation(stored.modelHash, "selection");
    const timing = await this.timing(stored.modelHash, threads, machine);
    return {
      ...stored,
      ...(evaluation && { accuracy: evaluation.accuracy, outputs: evaluation.outputs }),
      ...(timing && { latency: timing }),
    };
  }

  /**
   * The study as far as it has come: every trial of the last run's grid that was measured or failed,
   * in order. Undefined before a header was written.
   */
  async study(): Promise<Study | undefined> {
    const header = await this.header();
    if (header === undefined) return undefined;
    const { grid, files, ...rest } = header;
    const { threads, machine } = header.provenance;
    const trials: Trial[] = [];
    for (const key of grid) {
      const trial = await this.result(key, threads, machine);
      // One that was stopped half-way is no result yet; the next run takes it up.
      if (!trial?.error && !(trial?.accuracy && trial.latency)) continue;
      const file = Object.keys(files).find((name) => files[name] === key);
      trials.push({ ...trial, ...(file && { file }) });
    }
    return studyRecord.parse({ ...rest, planned: grid.length, trials });
  }

  /** Ends the use of the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#database?.destroy();
    await this.#old?.[Symbol.asyncDispose]();
  }

  /** A record; one that another version of the code wrote may not fit. */
  #read<T>(schema: z.ZodType<T>, record: string): T {
    const { success, data, error } = schema.safeParse(JSON.parse(record));
    if (success) return data;
    const [first] = error.issues;
    throw new UserError(
      `Cannot read the study in ${this.folder}: another version of Octavo wrote it ` +
        `(${first?.path.join(".")}: ${first?.message}). Name another folder (--out), or give up ` +
        `what it holds (--fresh).`,
      { cause: error },
    );
  }

  /** The database, made at the first write: a study that fails before leaves nothing behind. */
  async #writable(): Promise<Kysely<StudyTables>> {
    if (this.#database) return this.#database;
    if (this.#old) {
      await removeStudy(this.#old, this.folder!);
      this.#old = undefined;
    }
    try {
      if (this.folder !== undefined) await Deno.mkdir(this.folder, { recursive: true });
      const path = this.folder === undefined ? ":memory:" : join(this.folder, STUDY_FILE);
      const database = await openDatabase(path);
      await writeDocument(database, IDENTITY, this.identity);
      return this.#database = database;
    } catch (error) {
      throw new UserError(`Cannot write a study into ${this.folder}: ${reasonOf(error)}`, {
        cause: error,
      });
    }
  }
}

/** Names of documents. */
const IDENTITY = "identity";
const HEADER = "study";

/**
 * Opens the store of a study in a folder, which is made at the first write if it is missing.
 *
 * @param folder Undefined keeps the study in memory.
 * @throws {UserError} If the folder holds another study (says what differs), or other files.
 */
export async function openStore(
  folder: string | undefined,
  identity: StudyIdentity,
  options: StoreOptions = {},
): Promise<Store> {
  const { fresh = false } = options;
  if (folder === undefined || await isFree(folder)) return new Store(folder, identity);
  const existing = await openExisting(folder);
  if (existing === undefined) return new Store(folder, identity);
  if (fresh) return new Store(folder, identity, undefined, existing);
  const different = differences(existing.identity, identity);
  if (different.length === 0) return existing;
  await existing[Symbol.asyncDispose]();
  throw new UserError(
    `Cannot add to the study in ${folder}, it is another one: ${different.join("; ")}. ` +
      `Name another folder (--out), or give up what it holds (--fresh).`,
  );
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
      `run the sweep again, it will continue`,
  );
}

/** The store in a folder; undefined where a process was killed before it wrote what it is of. */
async function openExisting(folder: string): Promise<Store | undefined> {
  const path = join(folder, STUDY_FILE);
  try {
    const database = await openDatabase(path);
    const row = await database.selectFrom("document").select("record")
      .where("name", "=", IDENTITY).executeTakeFirst();
    if (row) return new Store(folder, JSON.parse(row.record), database);
    await database.destroy();
    return undefined;
  } catch (error) {
    throw new UserError(
      `Cannot read the study in ${path}: ${reasonOf(error)}. ` +
        `Name another folder, or remove that file.`,
      { cause: error },
    );
  }
}

/** Whether a study may be begun in a folder: it is missing or empty. */
async function isFree(folder: string): Promise<boolean> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) names.push(name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return true;
    const file = (await Deno.stat(folder).catch(() => undefined))?.isFile;
    const reason = file ? "it is a file; name a folder" : reasonOf(error);
    throw new UserError(`Cannot use ${folder} for a study: ${reason}`, { cause: error });
  }
  if (names.includes(STUDY_FILE)) return false;
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

/** Removes what a study wrote into its folder, and nothing else. */
async function removeStudy(store: Store, folder: string): Promise<void> {
  // Not by the schema, which another version's may not fit.
  const header = await store.document(HEADER) as Partial<StudyHeader> | undefined;
  const files = Object.keys(header?.files ?? {});
  await store[Symbol.asyncDispose]();
  // The database last, so that a removal which is cut off can be taken up again.
  for (const name of [...files, `${STUDY_FILE}-wal`, `${STUDY_FILE}-shm`, STUDY_FILE]) {
    await Deno.remove(join(folder, name)).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }
}

async function writeDocument(
  database: Kysely<StudyTables>,
  name: string,
  content: unknown,
): Promise<void> {
  const record = JSON.stringify(content);
  await database.insertInto("document").values({ name, record })
    .onConflict((row) => row.column("name").doUpdateSet({ record })).execute();
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
