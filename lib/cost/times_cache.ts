import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { z } from "zod";
import { environment } from "../environment.ts";
import { reasonOf } from "../errors.ts";
import { writeWhole } from "../whole_file.ts";
import { TENSOR_FORMS } from "./tensor_form.ts";

const tensorForm = z.enum(TENSOR_FORMS as [string, ...string[]]);

/** What a subgraph took, in units of the reference load, and in which moment. */
const storedTime = z.strictObject({
  time: z.number().min(0),
  input: tensorForm,
  output: tensorForm,
  conversions: z.array(z.strictObject({
    conversion: z.enum(["quantize", "dequantize", "transposeFloat", "transposeInt8"]),
    elements: z.int(),
    time: z.number().min(0),
  })),
  runs: z.array(z.string()),
  /** When it was measured, ISO 8601. */
  at: z.string(),
  /** Runs or waiting programs of the minute before, for each core. */
  load: z.number(),
  /** Milliseconds that the reference load took. */
  unit: z.number().positive(),
  /** How many times that in the mean of all runs; absent where single runs are not told. */
  stretch: z.number().optional(),
  /** The runtime's own, node by node, or one around whole runs. */
  clock: z.enum(["runtime", "runs"]),
  /** Whether the machine changed its pace meanwhile. */
  drifted: z.boolean(),
});
export type StoredTime = z.infer<typeof storedTime>;

const stored = z.strictObject({
  format: z.literal(3),
  /** Machine and versions that the times are of. */
  machine: z.string(),
  times: z.record(z.string(), storedTime),
});

/**
 * Times that were measured before, on this machine with these versions, by signature. A file of another
 * format counts as empty.
 */
export class TimesCache {
  readonly #path: string | undefined;
  readonly #machine: string;
  #problem: string | undefined;
  /** From the file, or written to it. */
  #times: Map<string, StoredTime>;
  /** Of this run alone. */
  readonly #passing = new Map<string, StoredTime>();

  private constructor(path: string | undefined, machine: string, times: Map<string, StoredTime>) {
    this.#path = path;
    this.#machine = machine;
    this.#times = times;
  }

  /**
   * Opens the cache of a machine.
   *
   * @param folder Where it is kept; undefined keeps nothing.
   * @param machine Fingerprint of the machine, its versions, and whatever else times depend on.
   * @param fresh Whether what is in it is to be measured again, and replaced.
   */
  static async open(
    folder: string | undefined,
    machine: string,
    fresh = false,
  ): Promise<TimesCache> {
    if (folder === undefined) return new TimesCache(undefined, machine, new Map());
    const name = createHash("sha256").update(machine).digest("hex").slice(0, 16);
    const path = join(folder, `costs-${name}.json`);
    return new TimesCache(path, machine, fresh ? new Map() : await readTimes(path, machine));
  }

  /** The file, with `~` for the user's own folder; undefined where nothing is kept. */
  get path(): string | undefined {
    const home = environment("HOME") ?? environment("USERPROFILE");
    const isOwn = home && this.#path?.startsWith(join(home, "/"));
    return isOwn ? join("~", this.#path!.slice(home.length)) : this.#path;
  }

  /** Why times could not be written down; undefined where they were, or nobody wants them to be. */
  get problem(): string | undefined {
    return this.#problem;
  }

  get(signature: string): StoredTime | undefined {
    return this.#passing.get(signature) ?? this.#times.get(signature);
  }

  /** Adds times that are not written down: they serve until the process ends. */
  use(times: ReadonlyMap<string, StoredTime>): void {
    for (const [signature, time] of times) this.#passing.set(signature, time);
  }

  /** Adds times, and writes them down together with what other processes wrote in the meantime. */
  async add(times: ReadonlyMap<string, StoredTime>): Promise<void> {
    this.#times = new Map([...this.#times, ...times]);
    if (this.#path === undefined) return;
    this.#times = new Map([...await readTimes(this.#path, this.#machine), ...this.#times]);
    const record: z.infer<typeof stored> = {
      format: 3,
      machine: this.#machine,
      times: Object.fromEntries(this.#times),
    };
    try {
      await Deno.mkdir(dirname(this.#path), { recursive: true });
      await writeWhole(this.#path, JSON.stringify(record));
    } catch (error) {
      this.#problem = reasonOf(error); // it is but a cache: what was measured serves this run
    }
  }
}

/** A file that is not there, or not whole, or of another version counts as empty: it is but a cache. */
async function readTimes(path: string, machine: string): Promise<Map<string, StoredTime>> {
  try {
    const record = stored.parse(JSON.parse(await Deno.readTextFile(path)));
    return new Map(record.machine === machine ? Object.entries(record.times) : []);
  } catch {
    return new Map();
  }
}

/** Where programs of this user keep what they can make again. */
export function userCacheFolder(): string | undefined {
  const folder = (name: string, ...more: string[]) => {
    const path = environment(name);
    return path ? join(path, ...more, "octavo") : undefined;
  };
  const named = folder("XDG_CACHE_HOME"); // whoever names one means it, on every system
  if (named !== undefined) return named;
  switch (Deno.build.os) {
    case "darwin":
      return folder("HOME", "Library", "Caches");
    case "windows":
      return folder("LOCALAPPDATA");
    default:
      return folder("HOME", ".cache");
  }
}
