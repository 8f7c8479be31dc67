import type { Json } from "../record/json.ts";

/**
 * What a store can keep.
 * @category Studies (advanced)
 */
export type Stored = Json | Uint8Array;

/**
 * Keeps the results of a study, by kind and key. Each value is written by itself, whole or not at all:
 * a process that is killed loses none that was put. Any object of this shape will do.
 *
 * {@linkcode memoryStore} keeps them in memory, `sqliteStore` in a file.
 * @example A store of your own: another one that also notes what it is given
 * ```ts
 * import { memoryStore, type Store } from "octavo";
 * import assert from "node:assert/strict";
 *
 * function noted(store: Store, notes: string[]): Store {
 *   return {
 *     get: (kind, key) => store.get(kind, key),
 *     put(kind, key, value) {
 *       notes.push(`${kind} ${key}`);
 *       return store.put(kind, key, value);
 *     },
 *     [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
 *   };
 * }
 * const notes: string[] = [];
 * await using store = noted(memoryStore(), notes); // for runStudy(model, data, strategy, { store })
 * await store.put("trial", "a", 1);
 * assert.deepEqual(notes, ["trial a"]);
 * ```
 * @category Studies
 */
export interface Store extends AsyncDisposable {
  /** What was put last under this kind and key; undefined if nothing was. */
  get(kind: string, key: string): Promise<Stored | undefined>;
  /** Replaces what was there. Once the promise is fulfilled it outlives the process. */
  put(kind: string, key: string, value: Stored): Promise<void>;
}
