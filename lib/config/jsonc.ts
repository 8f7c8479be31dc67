import {
  createScanner,
  findNodeAtLocation,
  getNodeValue,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from "jsonc-parser";
import { z } from "zod";
import { nearest, UserError } from "../errors.ts";

/** Most mistakes listed at once; more would scroll the first ones away. */
const MOST_MISTAKES = 5;

/** Most characters of a value that a message shows. */
const SHOWN = 60;

/** Most brackets within each other: no config needs more, and readers of deeper ones run out of stack. */
const DEEPEST = 100;

/** Options for {@linkcode readJsonc}. */
export interface ReadJsoncOptions {
  /** What to say of a key that this schema does not know, but another does. */
  elsewhere?: (key: string) => string | undefined;
}

/**
 * Reads JSON with comments against a schema. Each mistake is given with its line, what is valid
 * there, and for a misspelt key or word the nearest right one.
 *
 * @param text Content of the file.
 * @param schema Made of strict objects, so that a misspelt key is a mistake.
 * @param file How messages call it.
 * @throws {UserError} If the text is not JSONC or does not fit the schema.
 * @example
 * ```ts
 * import { readJsonc } from "./jsonc.ts";
 * import { z } from "zod";
 * import assert from "node:assert/strict";
 * const schema = z.strictObject({ observers: z.array(z.string()) });
 * const text = '{\n  "observer": [] // one letter short\n}';
 * assert.throws(() => readJsonc(text, schema, "sweep.jsonc"), /line 2: unknown key "observer"/);
 * ```
 */
export function readJsonc<T>(
  text: string,
  schema: z.ZodType<T>,
  file: string,
  { elsewhere }: ReadJsoncOptions = {},
): T {
  const lineAt = (offset: number) => text.slice(0, offset).split("\n").length;
  const fail = (mistakes: readonly { offset: number; message: string }[]): never => {
    const lines = mistakes.map(({ offset, message }) => `line ${lineAt(offset)}: ${message}`);
    const rest = lines.length - MOST_MISTAKES;
    if (rest > 0) lines.splice(MOST_MISTAKES, rest, `and ${rest} more`);
    throw new UserError(`Cannot read ${file}, ${lines.join("\n  ")}`);
  };

  const { deep, empty } = scan(text);
  if (empty) throw new UserError(`Cannot read ${file}: it holds no value; {} is the least`);
  if (deep !== undefined) {
    return fail([{ offset: deep, message: `nested deeper than ${DEEPEST}` }]);
  }
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { allowTrailingComma: true });
  if (errors.length > 0 || tree === undefined) {
    const [first] = errors; // what follows the first is mostly its echo
    const word = first ? printParseErrorCode(first.error) : "ValueExpected";
    return fail([{ offset: first?.offset ?? 0, message: `not valid JSON: ${spaced(word)}` }]);
  }
  const keys = keysOf(tree);
  const repeated = keys.filter(({ twice }) => twice);
  if (repeated.length > 0) {
    return fail(repeated.map(({ node }) => ({
      offset: node.offset,
      message: `key ${JSON.stringify(node.value)} is given twice`,
    })));
  }

  const result = schema.safeParse(getNodeValue(tree), { reportInput: true });
  if (result.success) {
    // zod leaves it out of records without a word.
    const proto = keys.filter(({ node }) => node.value === "__proto__");
    if (proto.length === 0) return result.data;
    return fail(proto.map(({ node }) => ({
      offset: node.offset,
      message: '"__proto__" cannot be a name; choose another',
    })));
  }
  const show = (path: Path) => {
    const node = findNodeAtLocation(tree, path) ?? tree;
    return cut(text.slice(node.offset, node.offset + node.length).replace(/\s+/g, " "));
  };
  const mistakes = result.error.issues
    .flatMap((issue) => describe(issue, { schema, show, elsewhere }))
    .map((mistake) => {
      const node = findNodeAtLocation(tree, mistake.path) ?? tree;
      // The node of a value begins after its key; where the key itself is wrong, point at the key.
      return { ...mistake, offset: mistake.key ? node.parent?.offset ?? node.offset : node.offset };
    });
  return fail(mistakes);
}

/** Where brackets first lie too deep, and whether there is nothing but space and comments. */
function scan(text: string): { deep?: number; empty: boolean } {
  const scanner = createScanner(text, true);
  let [depth, empty] = [0, true];
  for (;;) {
    scanner.scan();
    const at = scanner.getTokenOffset();
    const first = text[at]; // of a string it is the quote
    if (first === undefined) return { empty };
    empty = false;
    if (first === "{" || first === "[") depth++;
    if (first === "}" || first === "]") depth--;
    if (depth > DEEPEST) return { deep: at, empty };
  }
}

function cut(text: string): string {
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}…`;
}

/**
 * Checks a value made in code against a schema, with the same words as {@linkcode readJsonc}.
 *
 * @param place How messages call it.
 * @throws {UserError} If it does not fit.
 */
export function checkValue<T>(value: unknown, schema: z.ZodType<T>, place: string): T {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  const show = (_: Path, input: unknown) => cut(String(JSON.stringify(input)));
  const mistakes = result.error.issues.flatMap((issue) => describe(issue, { schema, show }));
  const lines = mistakes.slice(0, MOST_MISTAKES).map(({ message }) => message);
  if (mistakes.length > lines.length) lines.push(`and ${mistakes.length - lines.length} more`);
  throw new UserError(`Cannot use ${place}: ${lines.join("\n  ")}`);
}

type Path = (string | number)[];

interface Mistake {
  readonly path: Path;
  /** Whether the key at the end of the path is the mistake, and not its value. */
  readonly key?: boolean;
  readonly message: string;
}

type Issue = z.core.$ZodIssue;

/** What {@linkcode describe} takes beside the problem. */
interface Describing extends ReadJsoncOptions {
  readonly schema: z.ZodType;
  /** A value as it was written, by where it stands. */
  readonly show: (path: Path, input: unknown) => string;
}

/** Puts a problem found by the schema in words. */
function describe(issue: Issue, context: Describing): Mistake[] {
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
      return deeper.flatMap((inner) => describe(inner, context));
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

/** All keys; of those that stand twice in the same object JSON parsers silently take the last. */
function keysOf(node: Node): { node: Node; twice: boolean }[] {
  const children = node.children ?? [];
  const keys = node.type === "object" ? children.flatMap((property) => property.children![0]!) : [];
  const seen = new Set<unknown>();
  const own = keys.map((key) => {
    const twice = seen.has(key.value);
    seen.add(key.value);
    return { node: key, twice };
  });
  return [...own, ...children.flatMap(keysOf)];
}

function showPath(path: readonly (string | number)[]): string {
  return path.map((step, i) => typeof step === "number" ? `[${step}]` : i ? `.${step}` : step)
    .join("");
}

/** `CommaExpected` → `comma expected`. */
function spaced(word: string): string {
  return word.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter}`).toLowerCase();
}
