import { codeCells, parseNotebook } from "../../scripts/notebooks/notebook.ts";
import { readText, ROOT, run } from "./tree.ts";

/** What users import, with the name they import it by. */
export const ENTRIES = {
  "octavo": "mod.ts",
  "octavo/notebook": "lib/entry/notebook.ts",
  "octavo/advanced": "lib/entry/advanced.ts",
} as const;

/** A name that an entry exports. */
export interface Exported {
  readonly name: string;
  /** Whether it is a function or a constant, which must be used by name; not a class or type. */
  readonly isCalled: boolean;
  readonly documented: boolean;
  /** Its group in the generated documentation; undefined where it has none. */
  readonly category: string | undefined;
  /** Code of the examples in its own doc comments that the tests run. */
  readonly examples: readonly string[];
  /** What its doc comments link to, such as `Model` or `Model.save`. */
  readonly links: ReadonlySet<string>;
  /** Names of the types that its declarations mention. */
  readonly mentions: ReadonlySet<string>;
}

interface Doc {
  readonly doc?: string;
  readonly tags?: readonly { readonly kind: string; readonly doc?: string }[];
}

interface Declaration {
  readonly kind: string;
  readonly jsDoc?: Doc;
  readonly def?: unknown;
}

interface Documentation {
  readonly nodes: Record<
    string,
    {
      readonly module_doc?: Doc;
      readonly symbols: readonly { name: string; declarations: readonly Declaration[] }[];
    }
  >;
}

/** Everything that an entry exports, as `deno doc` sees it. */
export async function readEntry(path: string): Promise<Exported[]> {
  const { nodes }: Documentation = JSON.parse(await run(Deno.execPath(), "doc", "--json", path));
  return Object.values(nodes).flatMap(({ symbols }) => symbols).map(({ name, declarations }) => ({
    name,
    isCalled: declarations.some(({ kind }) => kind === "function" || kind === "variable"),
    // One of several declarations is enough: an overload, or a type beside a value of the same name.
    documented: declarations.some(({ jsDoc }) => jsDoc?.doc),
    category: declarations.flatMap(({ jsDoc }) => jsDoc?.tags ?? [])
      .find(({ kind }) => kind === "category")?.doc?.trim(),
    examples: declarations.flatMap(({ jsDoc }) => jsDoc ? codeOf(jsDoc) : []),
    links: new Set(
      [...JSON.stringify(declarations).matchAll(/\{@linkcode ([\w.]+)/g)].map(([, to]) => to!),
    ),
    mentions: new Set(declarations.flatMap(({ def }) => typeNames(def))),
  }));
}

/** Code blocks of a Markdown text that the tests run. */
export function codeBlocks(markdown: string): string[] {
  return [...markdown.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code]) => code!);
}

/** The code of the README and of the notebooks. */
export async function tourCode(): Promise<string[]> {
  const code = codeBlocks(await readText("README.md"));
  for await (const { name } of Deno.readDir(new URL("notebooks/", ROOT))) {
    if (!name.endsWith(".ipynb")) continue;
    const notebook = parseNotebook(await readText(`notebooks/${name}`), name);
    code.push(...codeCells(notebook).map(({ cell }) => cell.source));
  }
  return code;
}

function codeOf({ doc = "", tags = [] }: Doc): string[] {
  return [doc, ...tags.map(({ doc = "" }) => doc)].flatMap(codeBlocks);
}

/** All type names in a definition of `deno doc`, wherever they stand: parameters, results, fields. */
function typeNames(definition: unknown): string[] {
  if (typeof definition !== "object" || definition === null) return [];
  const own = "typeName" in definition && typeof definition.typeName === "string"
    ? [definition.typeName]
    : [];
  return [...own, ...Object.values(definition).flatMap(typeNames)];
}
