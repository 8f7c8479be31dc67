import { createHash } from "node:crypto";

/**
 * Plain JSON.
 * @category Records (advanced)
 */
export type Json = null | boolean | number | string | readonly Json[] | {
  readonly [key: string]: Json;
};

/**
 * The same type without interfaces and intersections: the compiler takes these for {@linkcode Json}. That
 * itself, which has no end, is left as it is.
 */
export type Plain<T> = [Json] extends [T] ? T
  : T extends object ? { [K in keyof T]: Plain<T[K]> }
  : T;

/**
 * The content key of whatever decides a result: SHA-256 of its canonical JSON, in which the order of
 * keys does not count. Equal content, equal key, on every machine.
 *
 * @example
 * ```ts
 * import { contentKey } from "./json.ts";
 * import assert from "node:assert/strict";
 * assert.equal(contentKey({ a: 1, b: [2] }), contentKey({ b: [2], a: 1 }));
 * assert.notEqual(contentKey({ a: 1 }), contentKey({ a: "1" }));
 * ```
 */
export function contentKey(content: Json): string {
  return createHash("sha256").update(canonicalJson(content)).digest("hex");
}

/**
 * JSON with sorted keys and no spaces. Numbers are written as ECMAScript does, so equal doubles give
 * equal text.
 *
 * @throws {RangeError} If a number is not finite: JSON would write null for all of them.
 */
export function canonicalJson(value: Json): string {
  if (typeof value === "number" && !Number.isFinite(value)) {
    throw new RangeError(`Cannot write ${value} as JSON`);
  }
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (isList(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const entries = Object.entries(value).filter(([, entry]) => entry !== undefined)
    .sort(([a], [b]) => a < b ? -1 : 1);
  return `{${entries.map(([key, entry]) => `${JSON.stringify(key)}:${canonicalJson(entry)}`)}}`;
}

// Array.isArray does not narrow a union that holds a readonly array.
function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
