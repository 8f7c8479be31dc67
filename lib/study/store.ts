import type { Json } from "../record/json.ts";

/** What a store can keep. */
export type Stored = Json | Uint8Array;

/**
 * Keeps the results of a study, by kind and key. Each value is written by itself, whole or not at all:
 * a process that is killed loses none that was put. Any object of this shape will do.
 *
 * {@linkcode memoryStore} keeps them in memory, `sqliteStore` in a file.
 */
export interface Store extends AsyncDisposable {
  get(kind: string, key: string): Promise<Stored | undefined>;
  /** Replaces what was there. */
  put(kind: string, key: string, value: Stored): Promise<void>;
}
