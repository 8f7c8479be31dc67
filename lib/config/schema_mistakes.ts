import { z } from "zod";
import { nearest, UserError } from "../errors.ts";

/** Most mistakes listed at once; more would scroll the first ones away. */
export const MOST_MISTAKES = 5;

/** Most characters of a value that a message shows. */
const SHOWN = 60;

/** A value as a message shows it. */
export function cut(text: string): string {
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}…`;
}

/**
 * Checks a value made in code against a schema, with the same words as `readJsonc()`.
 *
 * @param place How messages call it.
 * @throws {UserError} If it does not fit.
 */
export function checkValue<T>(value: unknown, schema: z.ZodType<T>, place: string): T {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  const show = (_: Path, input: unknown) => cut(String(JSON.stringify(input)));
  const mistakes = result.error.issues.flatMap((issue) => describeIssue(issue, { schema, show }));
  const lines = mistakes.slice(0, MOST_MISTAKES).map(({ message }) => message);
  if (mistakes.length > lines.length) lines.push(`and ${mistakes.length - lines.length} more`);
  throw new UserError(`Cannot use ${place}: ${lines.join("\n  ")}`);
}

type Path = (string | number)[];

export interface Mistake {
  readonly path: Path;
  /** Whether the key at the end of the path is the mistake, and not its value. */
  readonly key?: boolean;
  readonly message: string;
}

export type Issue = z.core.$ZodIssue;

/** What {@linkcode describeIssue} takes beside the problem. */
interface Describing {
  /** What to say of a key that this schema does not know, but another does. */
  readonly elsewhere?: ((key: string) => string | undefined) | undefined;
  readonly schema: z.ZodType;
  /** A value as it was written, by where it stands. */
  readonly show: (path: Path, input: unknown) => string;
}

/** Puts a problem found by the schema in words. */
export function describeIssue(issue: Issue, context: Describing): Mistake[] {
  const { schema, show, elsewhere } = context;
  const path = issue.path as Path;
  const where = path.length > 0 ? `${showPath(path)}: ` : "";
  const found = issue.input === undefined ? "found nothing" : `got ${show(path, issue.input)}`;
  switch (issue.code) {
    case "unrecognized_keys": {
      const valid = keysAt(schema, path);
      return issue.keys.map((key) => {
        const place = path.length ? ` in ${showPath(path)}` : "";
        // "observer" is of another form, but "observers" was meant.
        const near = valid.includes(`${key}s`) || valid.includes(key.replace(/s$/, ""));
        const other = path.length > 0 || near ? undefined : elsewhere?.(key);
        const message = other === undefined
          ? `unknown key "${cut(key)}"${place}; ${suggestion(key, valid)}`
          : `key "${key}" ${other}`;
        return { path: [...path, key], key: true, message };
      });
    }
    case "invalid_value": {
      const valid = issue.values.map(String);
      const [near] = typeof issue.input === "string" ? nearest(issue.input, valid) : [];
      const hint = near ? `; did you mean "${near}"?` : "";
      return [{ path, message: `${where}expected one of ${valid.join(", ")}, ${found}${hint}` }];
    }
    case "invalid_union": {
      // The alternative that accepts this kind of value at all is the one that was meant.
      const kind = typeof issue.input;
      const meant = issue.errors.find((branch) =>
        branch.length > 0 &&
        !branch.some((inner) =>
          inner.path.length === 0 && (inner.code === "invalid_type" ||
            (inner.code === "invalid_value" && !inner.values.some((x) => typeof x === kind)))
        )
      );
      if (meant === undefined) return [{ path, message: `${where}${issue.message}, ${found}` }];
      const deeper = meant.map((inner) => ({ ...inner, path: [...path, ...inner.path] }) as Issue);
      return deeper.flatMap((inner) => describeIssue(inner, context));
    }
    case "too_small":
    case "too_big": {
      const least = issue.code === "too_small";
      const limit = least ? issue.minimum : issue.maximum;
      const bound = issue.inclusive ? (least ? "at least" : "at most") : least ? "above" : "below";
      const things = issue.origin === "array" ? ` ${limit === 1 ? "entry" : "entries"}` : "";
      const hint = /^Too (small|big)/.test(issue.message) ? "" : `; ${issue.message}`;
      return [{ path, message: `${where}expected ${bound} ${limit}${things}, ${found}${hint}` }];
    }
    default: {
      const expected = issue.message.replace(/^Invalid input: |, received \w+$/g, "")
        .replace("expected int", "expected a whole number");
      return [{ path, message: `${where}${expected}, ${found}` }];
    }
  }
}

function suggestion(key: string, valid: readonly string[]): string {
  const [near] = nearest(key, valid);
  return near ? `did you mean "${near}"?` : `valid are ${valid.join(", ")}`;
}

/** Keys that the schema knows at a path. */
function keysAt(schema: z.ZodType, path: readonly (string | number)[]): string[] {
  return alternatives(schema, path)
    .flatMap((at) => at instanceof z.ZodObject ? Object.keys(at.shape) : []);
}

/** The schemas that may stand at a path: several, where a union lies on the way. */
function alternatives(
  schema: z.core.$ZodType,
  path: readonly (string | number)[],
): z.core.$ZodType[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) {
    return alternatives(schema.unwrap(), path);
  }
  if (schema instanceof z.ZodUnion) {
    return schema.options.flatMap((option) => alternatives(option, path));
  }
  const [step, ...rest] = path;
  if (step === undefined) return [schema];
  const next = schema instanceof z.ZodObject
    ? Object.hasOwn(schema.shape, step) ? schema.shape[step] as z.core.$ZodType : undefined
    : schema instanceof z.ZodArray
    ? schema.element
    : schema instanceof z.ZodRecord
    ? schema.valueType
    : schema instanceof z.ZodTuple
    ? schema.def.items[Number(step)]
    : undefined;
  return next ? alternatives(next, rest) : [];
}

function showPath(path: readonly (string | number)[]): string {
  return path.map((step, i) => typeof step === "number" ? `[${step}]` : i ? `.${step}` : step)
    .join("");
}
