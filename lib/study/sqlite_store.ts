import { DatabaseSync } from "node:sqlite";
import { Kysely, SqliteDialect } from "kysely";
import { DatabaseError, toDatabaseError } from "./database_error.ts";
import type { Store } from "./store.ts";

interface Tables {
  entry: {
    kind: string;
    key: string;
    /** JSON; null where there are bytes. */
    json: string | null;
    bytes: Uint8Array | null;
  };
}

/** Raised when the tables change; a file of another version is refused, not guessed at. */
const DATABASE_VERSION = 2;

/** "Octv" in the file's header: nobody's other database is taken for a study. */
const APPLICATION_ID = 0x4f637476;

/** How long to wait for another process that writes, ms. */
const BUSY_MS = 10_000;

/**
 * A store in one SQLite file, through SQLite that comes with Deno.
 *
 * @param path File; made if missing. `:memory:` for none.
 * @throws {DatabaseError} If it is not a database, is another program's or of another version; later,
 * if it proves to be damaged, or cannot be written any more.
 */
export async function sqliteStore(path: string): Promise<Store> {
  const database = await told(() => open(path));
  return {
    get: (kind, key) =>
      told(async () => {
        const row = await database.selectFrom("entry").select(["json", "bytes"])
          .where("kind", "=", kind).where("key", "=", key).executeTakeFirst();
        if (!row) return undefined;
        return row.json === null ? row.bytes!.slice() : JSON.parse(row.json);
      }),
    put: (kind, key, value) =>
      told(async () => {
        const content = value instanceof Uint8Array
          ? { json: null, bytes: value }
          : { json: JSON.stringify(value), bytes: null };
        await database.insertInto("entry").values({ kind, key, ...content })
          .onConflict((row) => row.columns(["kind", "key"]).doUpdateSet(content)).execute();
      }),
    [Symbol.asyncDispose]: () => database.destroy(),
  };
}

/** Says in our words what SQLite throws. */
async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toDatabaseError(error);
  }
}

async function open(path: string): Promise<Kysely<Tables>> {
  const database = new DatabaseSync(path, { timeout: BUSY_MS });
  try {
    // WAL: a reader (a report) does not wait for a study that runs, and a kill leaves whole
    // transactions. With synchronous=normal those survive the end of the process, if not a power cut.
    database.exec("pragma journal_mode = wal; pragma synchronous = normal");
    const version = pragma(database, "user_version");
    const foreign = pragma(database, "application_id") !== APPLICATION_ID;
    const { tables } = database.prepare("select count(*) as tables from sqlite_schema")
      .get() as { tables: number };
    if (foreign && tables > 0) {
      throw new DatabaseError("foreign", "it is the database of another program");
    }
    if (version !== 0 && version !== DATABASE_VERSION) {
      throw new DatabaseError(
        "version",
        `it has tables of version ${version}, this Octavo reads ${DATABASE_VERSION}`,
      );
    }
    const kysely = new Kysely<Tables>({
      dialect: new SqliteDialect({ database: forKysely(database) }),
    });
    if (version === 0) await createTables(kysely, database);
    return kysely;
  } catch (error) {
    database.close();
    throw error;
  }
}

async function createTables(kysely: Kysely<Tables>, database: DatabaseSync): Promise<void> {
  database.exec(`pragma application_id = ${APPLICATION_ID}`);
  await kysely.schema.createTable("entry").ifNotExists()
    .addColumn("kind", "text", (column) => column.notNull())
    .addColumn("key", "text", (column) => column.notNull())
    .addColumn("json", "text")
    .addColumn("bytes", "blob")
    .addPrimaryKeyConstraint("entry_key", ["kind", "key"])
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
