/**
 * The entry of a table under a name that comes from outside: of an operator, a tensor, an option. Plain
 * objects also answer to `constructor` and `toString`, which they inherit.
 *
 * @example
 * ```ts
 * import { lookUp } from "./look_up.ts";
 * import assert from "node:assert/strict";
 * assert.equal(lookUp({ Relu: 1 }, "Relu"), 1);
 * assert.equal(lookUp({ Relu: 1 }, "constructor"), undefined);
 * ```
 */
export function lookUp<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
