import { projectPath, readText, ROOT } from "./tree.ts";

/** A rule of the house, in the manner of Deno's linter: looks at nodes of a parsed text, and reports some. */
export type Rule = (report: (node: Deno.lint.Node) => void) => Deno.lint.LintVisitor;

/**
 * The places of a TypeScript text that a rule reports, in order. Deno's own parser reads it, which it
 * lends to the tests of lint plugins, and to nothing else but tests.
 *
 * @returns e.g. `12: roundEven(x / scale)`: line, from 1, and the first line of what stands there.
 * @throws {Error} If the text is not TypeScript.
 */
export function findIn(source: string, rule: Rule): string[] {
  return findEach(source, [rule])[0]!;
}

/** The same for several rules, each of which looks at the text that is parsed once. */
function findEach(source: string, rules: readonly Rule[]): string[][] {
  const found = rules.map((): string[] => []);
  const creators = rules.map((rule, i) => () =>
    rule(({ range: [start, end] }) => {
      const line = source.slice(0, start).split("\n").length;
      found[i]!.push(`${line}: ${source.slice(start, end).split("\n")[0]}`);
    })
  );
  visit(source, ...creators);
  return found;
}

/** A place that a rule reports in a file. */
export interface Place {
  readonly path: string;
  /** With the path before it: `lib/a.ts:12: roundEven(x)`. */
  readonly found: string;
}

/** The same in files, for each rule. */
export async function find(
  paths: readonly string[],
  rules: readonly Rule[],
): Promise<ReadonlyMap<Rule, readonly Place[]>> {
  const places = new Map<Rule, Place[]>(rules.map((rule) => [rule, []]));
  for (const path of paths) {
    for (const [i, found] of findEach(await readText(path), rules).entries()) {
      places.get(rules[i]!)!.push(...found.map((place) => ({ path, found: `${path}:${place}` })));
    }
  }
  return places;
}

/** A name that a file exports. */
export interface Exported {
  readonly name: string;
  /** A type is not there when the program runs; a class is a value. */
  readonly kind: "type" | "value";
  /** Whether it is another file's, passed on. */
  readonly passedOn: boolean;
}

/** A name that a file imports or passes on; `*` stands for all names. */
export interface Imported {
  /** e.g. `./tensor.ts`. */
  readonly from: string;
  readonly name: string;
}

/** How often each name stands in a TypeScript text, comments aside. */
export function countNames(source: string): Map<string, number> {
  const counts = new Map<string, number>();
  visit(source, () => ({
    Identifier: ({ name }) => {
      counts.set(name, (counts.get(name) ?? 0) + 1);
    },
  }));
  return counts;
}

/** What a TypeScript text exports, and imports from where; a Worker's address is an import of all. */
export function namesOf(source: string): { exports: Exported[]; imports: Imported[] } {
  const exports: Exported[] = [];
  const imports: Imported[] = [];
  visit(source, () => ({
    ImportDeclaration: ({ source, specifiers }) => {
      for (const specifier of specifiers) {
        const name = specifier.type === "ImportSpecifier"
          ? nameOf(specifier.imported)
          : specifier.type === "ImportDefaultSpecifier"
          ? "default"
          : "*";
        imports.push({ from: source.value, name });
      }
    },
    ImportExpression: ({ source }) => {
      if (source.type === "Literal") imports.push({ from: String(source.value), name: "*" });
    },
    NewExpression: ({ callee, arguments: [address] }) => {
      const isUrl = callee.type === "Identifier" && callee.name === "URL";
      const path = address?.type === "Literal" ? String(address.value) : "";
      if (isUrl && path.endsWith(".ts")) imports.push({ from: path, name: "*" });
    },
    ExportAllDeclaration: ({ source }) => {
      imports.push({ from: source.value, name: "*" });
    },
    ExportNamedDeclaration: ({ declaration, exportKind, source, specifiers }) => {
      for (const { local, exported, exportKind: own } of specifiers) {
        const kind = exportKind === "type" || own === "type" ? "type" : "value";
        exports.push({ name: nameOf(exported), kind, passedOn: source !== null });
        if (source) imports.push({ from: source.value, name: nameOf(local) });
      }
      if (declaration) exports.push(...declared(declaration));
    },
  }));
  return { exports, imports };
}

/** Lines of a TypeScript text that hold more than comments and space. */
export function countCode(source: string): number {
  let code = source;
  visit(source, ({ sourceCode }) => {
    for (const { range: [start, end] } of sourceCode.getAllComments()) {
      const gap = source.slice(start, end).replaceAll(/[^\n]/g, " ");
      code = code.slice(0, start) + gap + code.slice(end);
    }
    return {};
  });
  return code.split("\n").filter((line) => line.trim() !== "").length;
}

const { imports: importMap }: { imports: Record<string, string> } = JSON.parse(
  await readText("deno.json"),
);

/** Path of the file of the project that an import names; undefined for any other. */
export function resolveImport(path: string, from: string): string | undefined {
  const mapped = importMap[from];
  return projectPath(new URL(mapped ?? from, mapped ? ROOT : new URL(path, ROOT)).href);
}

function visit(
  source: string,
  ...creators: ((context: Deno.lint.RuleContext) => Deno.lint.LintVisitor)[]
): void {
  const rules = Object.fromEntries(creators.map((create, i) => [`rule${i}`, { create }]));
  Deno.lint.runPlugin({ name: "house", rules }, "source.ts", source);
}

function declared(declaration: Deno.lint.ExportNamedDeclaration["declaration"]): Exported[] {
  const named = (name: string, kind: Exported["kind"]) => [{ name, kind, passedOn: false }];
  switch (declaration?.type) {
    case "TSInterfaceDeclaration":
    case "TSTypeAliasDeclaration":
      return named(declaration.id.name, "type");
    case "VariableDeclaration":
      return declaration.declarations.flatMap(({ id }) => boundBy(id))
        .flatMap((name) => named(name, "value"));
    case "FunctionDeclaration":
    case "ClassDeclaration":
    case "TSEnumDeclaration":
      return named(declaration.id!.name, "value");
    case "TSDeclareFunction":
      return []; // an overload: the function itself follows
  }
  throw new Error(`Cannot tell what ${declaration?.type} exports`);
}

/** Names in `x`, `{ x, y: z }` and `[x]`. */
function boundBy(pattern: Deno.lint.Node): string[] {
  if (pattern.type === "Identifier") return [pattern.name];
  if (pattern.type === "ObjectPattern") {
    return pattern.properties.flatMap((property) =>
      boundBy(property.type === "Property" ? property.value : property.argument)
    );
  }
  throw new Error(`Cannot tell what ${pattern.type} binds`);
}

function nameOf(node: Deno.lint.Identifier | Deno.lint.StringLiteral): string {
  return node.type === "Identifier" ? node.name : node.value;
}
