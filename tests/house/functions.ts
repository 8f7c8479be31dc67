/** A function of a source text, and how long it is. */
export interface Measured {
  /** e.g. `samplesChart`; `(anonymous)` where nothing names it. */
  readonly name: string;
  /** Line that it begins on, from 1. */
  readonly line: number;
  /** Lines from there to its closing brace; comments before it do not count. */
  readonly lines: number;
}

type FunctionNode =
  | Deno.lint.FunctionDeclaration
  | Deno.lint.FunctionExpression
  | Deno.lint.ArrowFunctionExpression;

/**
 * Every function of a TypeScript text: declarations, methods, accessors, constructors, arrows. Deno's
 * own parser reads it, which it lends to the tests of lint plugins, and to nothing else but tests.
 *
 * @throws {Error} If the text is not TypeScript.
 */
export function functionsOf(source: string): Measured[] {
  const found: Measured[] = [];
  const lineAt = (offset: number) => source.slice(0, offset).split("\n").length;
  const visit = (node: FunctionNode) => {
    const [start, end] = node.range;
    const line = lineAt(start);
    found.push({ name: nameOf(node), line, lines: lineAt(end) - line + 1 });
  };
  const create = () => ({
    FunctionDeclaration: visit,
    FunctionExpression: visit,
    ArrowFunctionExpression: visit,
  });
  Deno.lint.runPlugin({ name: "house", rules: { functions: { create } } }, "source.ts", source);
  return found;
}

/** Its own name, or that of what holds it: a method, a property, a variable. */
function nameOf(node: FunctionNode): string {
  if (node.type !== "ArrowFunctionExpression" && node.id) return node.id.name;
  const { parent } = node;
  const holder = parent.type === "VariableDeclarator"
    ? parent.id
    : parent.type === "MethodDefinition" || parent.type === "PropertyDefinition" ||
        parent.type === "Property"
    ? parent.key
    : undefined;
  if (holder?.type === "Identifier") return holder.name;
  return holder?.type === "PrivateIdentifier" ? `#${holder.name}` : "(anonymous)";
}
