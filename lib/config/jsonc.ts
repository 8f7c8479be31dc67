import {
  createScanner,
  findNodeAtLocation,
  getNodeValue,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from "jsonc-parser";
import type { z } from "zod";
import { UserError } from "../errors.ts";
import { cut, describeIssue, MOST_MISTAKES } from "./schema_mistakes.ts";

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
  const show = (path: (string | number)[]) => {
    const node = findNodeAtLocation(tree, path) ?? tree;
    return cut(text.slice(node.offset, node.offset + node.length).replace(/\s+/g, " "));
  };
  const mistakes = result.error.issues
    .flatMap((issue) => describeIssue(issue, { schema, show, elsewhere }))
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

/** `CommaExpected` → `comma expected`. */
function spaced(word: string): string {
  return word.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter}`).toLowerCase();
}
