import { DatabaseSync } from "node:sqlite";
import { Kysely, SqliteDialect } from "kysely";

/** One configuration: what it asked for, and the model that came of it. */
export interface TrialTable {
  /** Content key of whatever decides the model. */
  key: string;
  /** JSON of the trial, without what was measured. */
  record: string;
}

/** What one model makes of one split. */
export interface EvaluationTable {
  /** SHA-256 of the model. */
  model: string;
  /** `selection` or `test`. */
  split: string;
  /** JSON of accuracy and output error. */
  record: string;
  /** Score of each sample, float64, little-endian. */
  scores: Uint8Array;
}

/** The latency of one model, valid on one machine with one number of threads. */
export interface TimingTable {
  /** SHA-256 of the model. */
  model: string;
  threads: number;
  machine: string;
  /** JSON of the latency. */
  record: string;
}

/** Everything else by name: what the study is of, calibration statistics. */
export interface DocumentTable {
  name: string;
  record: string;
}

/** The tables of a study. */
export interface StudyTables {
  trial: TrialTable;
  evaluation: EvaluationTable;
  timing: TimingTable;
  document: DocumentTable;
}

/** Raised when the tables change; a file of another version is refused, not guessed at. */
export const DATABASE_VERSION = 1;

/**
 * Opens a study's database, through SQLite that comes with the runtime.
 *
 * @param path File; made if missing.
 * @throws If it is not a database, or of another version.
 */
export async function openDatabase(path: string): Promise<Kysely<StudyTables>> {
  const database = new DatabaseSync(path, { timeout: BUSY_MS });
  try {
    // WAL: a reader (a report) does not wait for a sweep, and a kill leaves whole transactions.
    // With synchronous=normal those survive the end of the process, if not a power cut.
    database.exec("pragma journal_mode = wal; pragma synchronous = normal");
    const version = pragma(database, "user_version");
    const foreign = pragma(database, "application_id") !== APPLICATION_ID;
    const { tables } = database.prepare("select count(*) as tables from sqlite_schema")
      .get() as { tables: number };
    if (foreign && tables > 0) throw new Error("it is the database of another program");
    if (version !== 0 && version !== DATABASE_VERSION) {
      throw new Error(`it has tables of version ${version}, this Octavo reads ${DATABASE_VERSION}`);
    }
    const kysely = new Kysely<StudyTables>({
      dialect: new SqliteDialect({ database: forKysely(database) }),
    });
    if (version === 0) await createTables(kysely, database);
    return kysely;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** "Octv" in the file's header: nobody's other database is taken for a study. */
const APPLICATION_ID = 0x4f637476;

/** How long to wait for another process that writes, ms. */
const BUSY_MS = 10_000;

async function createTables(kysely: Kysely<StudyTables>, database: DatabaseSync): Promise<void> {
  database.exec(`pragma application_id = ${APPLICATION_ID}`);
  const { schema } = kysely;
  await schema.createTable("trial").ifNotExists()
    .addColumn("key", "text", (column) => column.primaryKey())
    .addColumn("record", "text", (column) => column.notNull())
    .execute();
  await schema.createTable("evaluation").ifNotExists()
    .addColumn("model", "text", (column) => column.notNull())
    .addColumn("split", "text", (column) => column.notNull())
    .addColumn("record", "text", (column) => column.notNull())
    .addColumn("scores", "blob", (column) => column.notNull())
    .addPrimaryKeyConstraint("evaluation_key", ["model", "split"])
    .execute();
  await schema.createTable("timing").ifNotExists()
    .addColumn("model", "text", (column) => column.notNull())
    .addColumn("threads", "integer", (column) => column.notNull())
    .addColumn("machine", "text", (column) => column.notNull())
    .addColumn("record", "text", (column) => column.notNull())
    .addPrimaryKeyConstraint("timing_key", ["model", "threads", "machine"])
    .execute();
  await schema.createTable("document").ifNotExists()
    .addColumn("name", "text", (column) => column.primaryKey())
    .addColumn("record", "text", (column) => column.notNull())
    .execute();
  database.exec(`pragma user_version = ${DATABASE_VERSION}`);
}

function pragma(database: DatabaseSync, name: "user_version" | "application_id"): number {
  return (database.prepare(`pragma ${name}`).get() as Record<string, number>)[name]!;
}

type KyselyDatabase = Awaited<
  ReturnType<Extract<ConstructorParameters<typeof SqliteDialect>[0]["database"], () => unknown>>
>;

/** What Kysely's SQLite dialect asks of a driver. */
function forKysely(database: DatabaseSync): KyselyDatabase {
  return {
    close: () => database.close(),
    prepare(sql) {
      const statement = database.prepare(sql);
      // Kysely made the parameters out of the tables' types above.
      type Values = Parameters<typeof statement.all>;
      return {
        // A statement that gives rows must be run as a reader, or the rows of RETURNING are lost.
        reader: /^\s*(select|with|pragma)|\breturning\b/i.test(sql),
        all: (values) => statement.all(...values as Values),
        run: (values) => statement.run(...values as Values),
        iterate: (values) => statement.iterate(...values as Values) as IterableIterator<unknown>,
      };
    },
  };
}
