import type { Store, Stored } from "./store.ts";

/**
 * A store that ends with the process.
 *
 * @example
 * ```ts
 * import { memoryStore } from "octavo";
 * import assert from "node:assert/strict";
 * const store = memoryStore();
 * await store.put("trial", "a", { seconds: 1 });
 * assert.deepEqual(await store.get("trial", "a"), { seconds: 1 });
 * assert.equal(await store.get("timing", "a"), undefined);
 * ```
 * @category Studies
 */
export function memoryStore(): Store {
  const values = new Map<string, Stored>();
  const place = (kind: string, key: string) => JSON.stringify([kind, key]);
  return {
    get: (kind, key) => Promise.resolve(structuredClone(values.get(place(kind, key)))),
    put(kind, key, value) {
      // As others keep it: what is undefined in an object is not kept.
      const kept = value instanceof Uint8Array ? value.slice() : JSON.parse(JSON.stringify(value));
      values.set(place(kind, key), kept);
      return Promise.resolve();
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
