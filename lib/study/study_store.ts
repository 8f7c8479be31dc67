import { z } from "zod";
import { UserError } from "../errors.ts";
import { systemReason } from "../system_errors.ts";
import type { ColdStartRecord } from "../record/cold_start.ts";
import type { Json, Plain } from "../record/json.ts";
import { machineBefore } from "../record/runtime_name.ts";
import type { SplitInfo, Study } from "../record/study_record.ts";
import { schemaOf } from "../record/schema_of.ts";
import { study as studyRecord } from "../record/study_schema.ts";
import type { Accuracy, Latency, OutputError, Trial } from "../record/trial_record.ts";
import { accuracy, coldStart, latency, outputError, trial } from "../record/trial_schema.ts";
import { DatabaseError } from "./database_error.ts";
import type { Store, Stored } from "./store.ts";

/** What makes two runs the same study: results of one may be used in the other. */
export interface StudyIdentity {
  model: { name: string; hash: string };
  /** The float32 network that accuracy is against, where that is not the model. */
  reference?: { name: string; hash: string };
  data: { name: string; splits: SplitInfo[] };
  metric: { name: string; unit: string; source: string };
  /** Of whatever decides the bits of a result: Octavo and onnxruntime-web. */
  versions: Record<string, string>;
}

/** A trial as stored: what was made, apart from what was measured on it. */
export type StoredTrial = Omit<
  Trial,
  "accuracy" | "outputs" | "latency" | "coldStart" | "file"
>;

const storedTrial = schemaOf<StoredTrial>()(
  trial.omit({ accuracy: true, outputs: true, latency: true, coldStart: true, file: true }),
);

/** What one model makes of one split. */
export interface EvaluationRecord {
  accuracy: Accuracy;
  /** Absent where no output keeps its shape. */
  outputs?: OutputError;
}

const evaluationRecord = schemaOf<EvaluationRecord>()(
  z.strictObject({ accuracy, outputs: outputError.optional() }),
);

/** The same with the score of each sample; NaN where it has none. */
export interface StoredEvaluation extends EvaluationRecord {
  readonly scores: Float64Array;
}

/** A study without its trials: they are named by their keys. */
export interface StudyHeader extends Omit<Study, "trials" | "planned"> {
  /** Keys of the trials of the last run, in order. */
  grid: string[];
  /** Files that were written into the folder, with the key of the trial that each holds, or "". */
  files: Record<string, string>;
}

const studyHeader = schemaOf<StudyHeader>()(
  studyRecord.omit({ trials: true, planned: true }).extend({
    grid: z.array(z.string()),
    files: z.record(z.string(), z.string()),
  }),
);

/** Kinds of what a study keeps. */
const KINDS = {
  document: "document",
  trial: "trial",
  evaluation: "evaluation",
  scores: "scores",
  timing: "timing",
  coldStart: "cold start",
} as const;

const IDENTITY = "identity";
const HEADER = "study";

/**
 * The results of a study over a {@linkcode Store}, typed. Each is written as it comes.
 *
 * Measurements belong to the bytes of a model, not to the recipe that led to them: two recipes that give
 * the same model share them.
 */
export class StudyStore implements AsyncDisposable {
  readonly identity: StudyIdentity;
  readonly #place: string;
  readonly #make: () => Promise<Store>;
  #store: Store | undefined;
  #made: Promise<Store> | undefined;

  /**
   * @param store What holds the study already; undefined if it is to be made at the first write, so that
   * a study that fails before leaves nothing behind.
   * @param make Makes it then.
   * @param place How messages call it.
   */
  constructor(
    identity: StudyIdentity,
    store: Store | undefined,
    make: () => Promise<Store>,
    place: string,
  ) {
    this.identity = identity;
    this.#store = store;
    this.#make = make;
    this.#place = place;
  }

  /** What a store holds; undefined where a process was killed before it wrote what it is of. */
  static async over(store: Store, place: string): Promise<StudyStore | undefined> {
    const identity = await store.get(KINDS.document, IDENTITY);
    if (identity === undefined) return undefined;
    return new StudyStore(
      identity as Plain<StudyIdentity>,
      store,
      () => Promise.resolve(store),
      place,
    );
  }

  /** The trial of this key, if it has been stored. */
  async trial(key: string): Promise<StoredTrial | undefined> {
    return this.#read(storedTrial, await this.#get(KINDS.trial, key));
  }

  async putTrial(trial: StoredTrial): Promise<void> {
    await this.#put(KINDS.trial, trial.key, trial);
  }

  /** What the model of this hash made of a split, if it has been measured. */
  async evaluation(model: string, split: string): Promise<StoredEvaluation | undefined> {
    const record = this.#read(
      evaluationRecord,
      await this.#get(KINDS.evaluation, `${model} ${split}`),
    );
    const bytes = await this.#get(KINDS.scores, `${model} ${split}`);
    if (!record || !(bytes instanceof Uint8Array)) return undefined;
    return { ...record, scores: new Float64Array(bytes.slice().buffer as ArrayBuffer) };
  }

  async putEvaluation(model: string, evaluation: StoredEvaluation): Promise<void> {
    const { scores, ...record } = evaluation;
    const key = `${model} ${evaluation.accuracy.split}`;
    const bytes = new Uint8Array(scores.buffer, scores.byteOffset, scores.byteLength);
    await this.#put(KINDS.scores, key, bytes); // first, so that a record is never without them
    await this.#put(KINDS.evaluation, key, record);
  }

  /** The latency of the model of this hash, if it was taken on this machine with these threads. */
  async timing(model: string, threads: number, machine: string): Promise<Latency | undefined> {
    return this.#read(latency, await this.#onMachine(KINDS.timing, `${model} ${threads}`, machine));
  }

  async putTiming(model: string, timing: Latency): Promise<void> {
    await this.#put(KINDS.timing, `${model} ${timing.threads} ${timing.machine}`, timing);
  }

  /** The cold start of the model of this hash, if it was taken on this machine. */
  async coldStart(model: string, machine: string): Promise<ColdStartRecord | undefined> {
    return this.#read(coldStart, await this.#onMachine(KINDS.coldStart, model, machine));
  }

  async putColdStart(model: string, machine: string, record: ColdStartRecord): Promise<void> {
    await this.#put(KINDS.coldStart, `${model} ${machine}`, record);
  }

  /** What was measured on a machine; of a plain binary also before binaries were told apart. */
  async #onMachine(kind: string, key: string, machine: string): Promise<Stored | undefined> {
    const before = machineBefore(machine);
    return await this.#get(kind, `${key} ${machine}`) ??
      (before === undefined ? undefined : await this.#get(kind, `${key} ${before}`));
  }

  /** A document by name, e.g. the statistics of a calibration. */
  async document(name: string): Promise<Json | undefined> {
    return await this.#get(KINDS.document, name) as Json | undefined;
  }

  async putDocument(name: string, content: unknown): Promise<void> {
    await this.#put(KINDS.document, name, content);
  }

  /** The header last written; undefined before the first. */
  async header(): Promise<StudyHeader | undefined> {
    return this.#read(studyHeader, await this.document(HEADER));
  }

  async putHeader(header: StudyHeader): Promise<void> {
    await this.putDocument(HEADER, header);
  }

  /**
   * A trial with what has been measured on its model: accuracy, cold start on this machine, and latency
   * with this number of threads.
   */
  async result(key: string, threads: number, machine: string): Promise<Trial | undefined> {
    const stored = await this.trial(key);
    if (stored?.modelHash === undefined) return stored;
    const evaluation = await this.evaluation(stored.modelHash, "selection");
    const timing = await this.timing(stored.modelHash, threads, machine);
    const coldStart = await this.coldStart(stored.modelHash, machine);
    return {
      ...stored,
      ...(coldStart && { coldStart }),
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
      if (!trial || !isOver(trial)) continue;
      const file = Object.keys(files).find((name) => files[name] === key);
      trials.push({ ...trial, ...(file && { file }) });
    }
    return studyRecord.parse({ ...rest, planned: grid.length, trials });
  }

  /** Ends the use of the store. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#store?.[Symbol.asyncDispose]();
  }

  async #get(kind: string, key: string): Promise<Stored | undefined> {
    return await this.#store?.get(kind, key).catch((error) => this.#fail("read", error));
  }

  async #put(kind: string, key: string, value: unknown): Promise<void> {
    this.#store ??= await (this.#made ??= this.#begin());
    await this.#store.put(kind, key, value as Stored)
      .catch((error) => this.#fail("write", error));
  }

  #fail(doing: string, error: unknown): never {
    if (!(error instanceof DatabaseError)) throw error;
    const { message, advice } = error;
    throw new UserError(`Cannot ${doing} the study in ${this.#place}: ${message}. ${advice}`, {
      cause: error,
    });
  }

  /** Makes the store, and writes what it is of. */
  async #begin(): Promise<Store> {
    try {
      const store = await this.#make();
      const identity: Plain<StudyIdentity> = this.identity;
      await store.put(KINDS.document, IDENTITY, identity);
      return store;
    } catch (error) {
      this.#made = undefined;
      if (error instanceof UserError) throw error;
      if (error instanceof DatabaseError) this.#fail("write", error);
      throw new UserError(
        `Cannot write a study into ${this.#place}: ${
          systemReason(error)
        }; name a folder elsewhere (--out)`,
        { cause: error },
      );
    }
  }

  /** A record; one that another version of the code wrote may not fit. */
  #read<T>(schema: z.ZodType<T>, record: Stored | undefined): T | undefined {
    if (record === undefined) return undefined;
    const { success, data, error } = schema.safeParse(record);
    if (success) return data;
    const [first] = error.issues;
    throw new UserError(
      `Cannot read the study in ${this.#place}: another version of Octavo wrote it ` +
        `(${first?.path.join(".")}: ${
          inWords(first?.message)
        }). Use another folder (--out), or delete ` +
        `this study and start again (--fresh).`,
      { cause: error },
    );
  }
}

/** What zod found, without words of JavaScript. */
function inWords(message = "it does not fit"): string {
  return message.endsWith("received undefined") ? "it is missing" : message;
}

/** Whether a trial has come to its end: measured whole, or failed. */
export function isOver({ error, accuracy, latency }: Trial): boolean {
  return error !== undefined || accuracy !== undefined && latency !== undefined;
}
