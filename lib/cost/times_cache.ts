import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { z } from "zod";
import { UserError } from "../errors.ts";
import { writeWhole } from "../whole_file.ts";
import { TENSOR_FORMS } from "./tensor_form.ts";

const tensorForm = z.enum(TENSOR_FORMS as [string, ...string[]]);

/** What a subgraph took, in units of the reference load. */
const storedTime = z.strictObject({
  time: z.number(),
  input: tensorForm,
  output: tensorForm,
  conversions: z.array(z.strictObject({
    conversion: z.enum(["quantize", "dequantize", "transposeFloat", "transposeInt8"]),
    elements: z.int(),
    time: z.number(),
  })),
  runs: z.array(z.string()),
});
export type StoredTime = z.infer<typeof storedTime>;

const stored = z.strictObject({
  format: z.literal(2),
  /** Machine and versions that the times are of. */
  machine: z.string(),
  times: z.record(z.string(), storedTime),
});

/** Times that were measured before, on this machine with these versions, by signature. */
export class TimesCache {
  readonly #path: string | undefined;
  readonly #machine: string;
  #times: Map<string, StoredTime>;

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
   */
  static async open(folder: string | undefined, machine: string): Promise<TimesCache> {
    if (folder === undefined) return new TimesCache(undefined, machine, new Map());
    const name = createHash("sha256").update(machine).digest("hex").slice(0, 16);
    const path = join(folder, `costs-${name}.json`);
    return new TimesCache(path, machine, await readTimes(path, machine));
  }

  get(signature: string): StoredTime | undefined {
    return this.#times.get(signature);
  }

  /** Adds times, and writes them down together with what other processes wrote in the meantime. */
  async add(times: ReadonlyMap<string, StoredTime>): Promise<void> {
    this.#times = new Map([...this.#times, ...times]);
    if (this.#path === undefined) return;
    this.#times = new Map([...await readTimes(this.#path, this.#machine), ...this.#times]);
    const record: z.infer<typeof stored> = {
      format: 2,
      machine: this.#machine,
      times: Object.fromEntries(this.#times),
    };
    try {
      await Deno.mkdir(dirname(this.#path), { recursive: true });
      await writeWhole(this.#path, JSON.stringify(record));
    } catch (error) {
      const reason = error instanceof UserError ? error.cause : error;
      throw new UserError(
        `Cannot keep measured times in ${this.#path}: ${(reason as Error).message}; name another ` +
          `folder, or none`,
      );
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

/** A variable of the environment; undefined also where it may not be read. */
function readable(name: string): string | undefined {
  try {
    return Deno.env.get(name);
  } catch {
    return undefined;
  }
}

/** Where programs of this user keep what they can make again. */
export function userCacheFolder(): string | undefined {
  const folder = (name: string, ...more: string[]) => {
    const path = readable(name);
    return path ? join(path, ...more, "octavo") : undefined;
  };
  switch (Deno.build.os) {
    case "darwin":
      return folder("HOME", "Library", "Caches");
    case "windows":
      return folder("LOCALAPPDATA");
    default:
      return folder("XDG_CACHE_HOME") ?? folder("HOME", ".cache");
  }
}
