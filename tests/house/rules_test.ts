import assert from "node:assert/strict";
import { METRICS } from "../../lib/evaluate/metrics.ts";
import {
  addsOutputs,
  castsBlindly,
  comparesNames,
  comparesUnits,
  indexesByOperator,
  readsFormTexts,
  renamesFiles,
  roundsToIntegers,
} from "./rules.ts";
import { find, findIn, type Rule } from "./source.ts";
import { typescriptFiles } from "./tree.ts";

const comparesMetrics = comparesNames([...METRICS.keys()]);

/** What each rule finds in lib/. */
const FOUND = await find(await typescriptFiles("lib/"), [
  addsOutputs,
  castsBlindly,
  comparesMetrics,
  comparesUnits,
  indexesByOperator,
  readsFormTexts,
  renamesFiles,
  roundsToIntegers,
]);

/** The types of a library that are not what it does. */
const BLIND_CASTS: Readonly<Record<string, string>> = {
  "lib/report/plot.ts": "Plot takes any document, and asks for a browser's",
  "lib/cost/solve.ts": "the solver's default export is declared such that it cannot be called",
};

Deno.test("findIn() gives the line of each place, and what stands there", () => {
  const source = "roundEven(1);\nconst a = 2;\nround.roundEven(\n  a,\n);";
  assert.deepEqual(findIn(source, roundsToIntegers), ["1: roundEven(1)", "3: round.roundEven("]);
});

Deno.test("the rules find what they are for, and nothing beside it", () => {
  finds(addsOutputs, "const g = { output: [...model.graph.output, more] }", "graph.output.push(x)");
  passes(addsOutputs, "const n = { output: [...node.output, y] }", "f([...graph.output, x])");
  finds(renamesFiles, "await Deno.rename(a, b)", "Deno.renameSync(a, b)");
  finds(renamesFiles, 'import { rename } from "node:fs/promises"');
  passes(renamesFiles, "rename(a, b)", "tensor.rename(b)", 'import { rename } from "./a.ts"');
  finds(comparesUnits, 'unit === "%"', 'metric.unit !== ""', 'if (["%"].includes(m.unit)) f()');
  finds(comparesUnits, 'switch (unit) { case "%": }', 'metric!.unit.startsWith("d")');
  passes(comparesUnits, "f(metric.unit)", "unit.nodes === nodes");
  const names = comparesNames(["top-1"]);
  finds(names, 'metric.name === "top-1"', 'switch (name) { case "top-1": }');
  passes(names, 'name === "top-10"', 'const a = { name: "top-1" }');
  finds(castsBlindly, "a as unknown as B", "f(a as any as B)");
  passes(castsBlindly, "a as B", "a as unknown");
  finds(indexesByOperator, "TABLE[node.opType]", "const f = FORMS[opType] ?? []");
  passes(indexesByOperator, "lookUp(TABLE, opType)", "TABLE.get(opType)", "counts[opType]++");
  finds(readsFormTexts, 'row.asked.startsWith("static")', 'formName(a).endsWith("8")');
  passes(readsFormTexts, 'row.form === "static"', 'path.startsWith("a.")');
});

Deno.test("one file rounds to integers", () => {
  assert.deepEqual(outside(["lib/tensor/round.ts"], roundsToIntegers), []);
});

Deno.test("one file makes outputs of tensors", () => {
  assert.deepEqual(outside(["lib/onnx/outputs.ts"], addsOutputs), []);
});

Deno.test("one file renames files", () => {
  assert.deepEqual(outside(["lib/whole_file.ts"], renamesFiles), []);
});

Deno.test("only what evaluates and what formats looks at a metric's unit", () => {
  assert.deepEqual(outside(["lib/evaluate/", "lib/report/format.ts"], comparesUnits), []);
});

Deno.test("nothing depends on which metric it is", () => {
  assert.ok(METRICS.size > 0);
  assert.deepEqual(outside([], comparesMetrics), []);
});

Deno.test("the compiler is told what a value is only where a library's types are wrong", () => {
  const files = Object.keys(BLIND_CASTS);
  assert.deepEqual(outside(["lib/runtime/", ...files], castsBlindly), []);
  const needed = new Set(FOUND.get(castsBlindly)!.map(({ path }) => path));
  assert.deepEqual(files.filter((path) => !needed.has(path)), []);
});

Deno.test("no table is indexed by what a file calls an operator", () => {
  assert.deepEqual(outside([], indexesByOperator), []);
});

Deno.test("nobody reads in a form's text what the form says", () => {
  assert.deepEqual(outside([], readsFormTexts), []);
});

/** What a rule finds in all files of lib/ but those whose paths begin so. */
function outside(places: readonly string[], rule: Rule): string[] {
  const found = FOUND.get(rule)!;
  assert.deepEqual(places.filter((place) => !found.some(({ path }) => path.startsWith(place))), []);
  return found.filter(({ path }) => !places.some((place) => path.startsWith(place)))
    .map(({ found }) => found);
}

function finds(rule: Rule, ...sources: string[]): void {
  for (const source of sources) assert.equal(findIn(source, rule).length, 1, source);
}

function passes(rule: Rule, ...sources: string[]): void {
  for (const source of sources) assert.deepEqual(findIn(source, rule), [], source);
}
