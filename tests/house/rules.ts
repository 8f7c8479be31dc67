import type { Rule } from "./source.ts";

type Node = Deno.lint.Node;

/** Calls of `roundEven()`, which takes reals to integers. */
export const roundsToIntegers: Rule = (report) => ({
  CallExpression: (node) => {
    if (lastName(node.callee) === "roundEven") report(node);
  },
});

/** Lists of a graph's outputs with more behind them, and pushing one. */
export const addsOutputs: Rule = (report) => ({
  SpreadElement: ({ argument, parent }) => {
    const held = parent.parent;
    const isOutput = held?.type === "Property" && lastName(held.key) === "output";
    if (isOutput && isGraphOutput(argument)) report(parent);
  },
  CallExpression: (node) => {
    const { callee } = node;
    const adds = ["push", "concat", "toSpliced", "splice", "unshift"];
    if (adds.includes(lastName(callee)) && isGraphOutput(objectOf(callee))) report(node);
  },
});

/** Renaming of files. */
export const renamesFiles: Rule = (report) => ({
  ImportSpecifier: (node) => {
    const { source } = node.parent as Deno.lint.ImportDeclaration;
    const { imported } = node;
    const name = imported.type === "Identifier" ? imported.name : imported.value;
    if (source.value.startsWith("node:fs") && ["rename", "renameSync"].includes(name)) report(node);
  },
  MemberExpression: (node) => {
    if (["rename", "renameSync"].includes(lastName(node)) && lastName(node.object) === "Deno") {
      report(node);
    }
  },
});

/** Comparisons of a metric's unit with a text, or with another's. */
export const comparesUnits: Rule = (report) =>
  comparisons(report, (side, other) =>
    lastName(side) === "unit" &&
    (!other || other.type === "Literal" || lastName(other) === "unit"));

/** Comparisons with the name of a metric that the project has. */
export const comparesNames = (names: readonly string[]): Rule => (report) =>
  comparisons(report, (side) => side.type === "Literal" && names.includes(String(side.value)));

/** `x as unknown as T`, which silences the compiler. */
export const castsBlindly: Rule = (report) => ({
  TSAsExpression: (node) => {
    const { expression } = node;
    const inner = expression.type === "TSAsExpression" ? expression.typeAnnotation.type : "";
    if (inner === "TSUnknownKeyword" || inner === "TSAnyKeyword") report(node);
  },
});

/** Names of what holds a form's text: what was asked of a node, what it got and executes, what a recipe is called. */
const FORM_TEXTS = ["asked", "applied", "form", "family", "recipe", "placement", "why", "executes"];

/** Functions that give such a text. */
const FORM_NAMES = [
  "formName",
  "baseName",
  "recipeName",
  "seriesName",
  "recipeFamily",
  "describeQConfig",
];

/** Looking into a form's text, in place of the form. */
export const readsFormTexts: Rule = (report) => ({
  CallExpression: (node) => {
    const { callee } = node;
    const looks = ["startsWith", "endsWith", "includes", "match"].includes(lastName(callee));
    const text = objectOf(callee);
    if (looks && text && isFormText(text)) report(node);
  },
});

function isFormText(node: Node): boolean {
  return node.type === "CallExpression"
    ? FORM_NAMES.includes(lastName(node.callee))
    : FORM_TEXTS.includes(lastName(node));
}

/** Tables that are indexed by an operator's type: a file may name any, `constructor` among them. */
export const indexesByOperator: Rule = (report) => ({
  MemberExpression: (node) => {
    const { computed, object, property } = node;
    const isTable = /^[A-Z_]+$|^conversions$/.test(lastName(object));
    if (computed && isTable && lastName(property) === "opType") report(node);
  },
});

/** Whatever compares: `==` and its kin, a `case`, a list that includes it. */
function comparisons(
  report: (node: Node) => void,
  isOne: (side: Node, other?: Node) => boolean,
): Deno.lint.LintVisitor {
  return {
    BinaryExpression: (node) => {
      const compares = ["===", "!==", "==", "!="].includes(node.operator);
      const { left, right } = node;
      if (compares && (isOne(left, right) || isOne(right, left))) report(node);
    },
    SwitchStatement: (node) => {
      if (isOne(node.discriminant) || node.cases.some(({ test }) => test && isOne(test))) {
        report(node);
      }
    },
    CallExpression: (node) => {
      const asks = ["includes", "has", "startsWith", "endsWith"].includes(lastName(node.callee));
      const object = objectOf(node.callee);
      if (asks && [...node.arguments, ...object ? [object] : []].some((one) => isOne(one))) {
        report(node);
      }
    },
  };
}

/** Whether it is `graph.output`, of whatever holds the graph. */
function isGraphOutput(node: Node | undefined): boolean {
  const graph = node && objectOf(node);
  return graph !== undefined && lastName(node!) === "output" && lastName(graph) === "graph";
}

/** `c` of `a.b.c` and of `c`; "" of anything else. */
function lastName(node: Node): string {
  if (node.type === "TSNonNullExpression") return lastName(node.expression);
  if (node.type === "ChainExpression") return lastName(node.expression);
  if (node.type === "MemberExpression") return node.computed ? "" : lastName(node.property);
  return node.type === "Identifier" ? node.name : "";
}

/** `a.b` of `a.b.c`. */
function objectOf(node: Node): Node | undefined {
  return node.type === "MemberExpression" ? node.object : undefined;
}
