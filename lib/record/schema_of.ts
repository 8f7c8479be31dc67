import type { z } from "zod";
import type { Plain } from "./json.ts";

/** Whether two types are the same, to the last optional key. */
type Same<A, B> = (<T>() => T extends Plain<A> ? 1 : 2) extends
  (<T>() => T extends Plain<B> ? 1 : 2) ? true
  : false;

/**
 * Holds a schema against the type that it reads. The types are written by hand, for people; that a schema
 * says the same to the last key, the compiler checks here: where they differ, this does not compile.
 *
 * @typeParam Out What the schema gives.
 * @typeParam In What it takes, where defaults make that another type.
 * @returns A function that gives a schema back as it is.
 * @example
 * ```ts
 * import { schemaOf } from "./schema_of.ts";
 * import { z } from "zod";
 * interface Pair {
 *   a: number;
 *   b?: string;
 * }
 * const pair = schemaOf<Pair>()(z.strictObject({ a: z.number(), b: z.string().optional() }));
 * pair.parse({ a: 1 });
 * // @ts-expect-error: it lacks a key, if one that nobody has to give
 * schemaOf<Pair>()(z.strictObject({ a: z.number() }));
 * ```
 */
export function schemaOf<Out, In = Out>(): <S extends z.ZodType<Out, In>>(
  schema: S & ([Same<z.output<S>, Out>, Same<z.input<S>, In>] extends [true, true] ? S : never),
) => S {
  return (schema) => schema;
}
