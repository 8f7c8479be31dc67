import assert from "node:assert/strict";
import { parseQuantizeConfig } from "../../lib/config/quantize_config.ts";
import { parseSweepConfig } from "../../lib/config/parse_sweep_config.ts";
import { METRICS } from "../../lib/evaluate/metrics.ts";
import { TERMS, termsOfNames } from "../../lib/report/terms.ts";
import { codeBlocks } from "./face.ts";
import { readText } from "./tree.ts";

Deno.test("the README's strategy is the one that the example of runStudy() runs", async () => {
  const blocks = codeBlocks(await readText("README.md"));
  const strategy = blocks.join("").match(/^\/\/[^\n]*\nfunction randomSearch.*?^}$/ms)?.[0];
  assert.ok(strategy, "the README has no randomSearch()");
  const source = await readText("lib/task/run_study.ts");
  assert.ok(source.replaceAll(/^ \* ?/gm, "").includes(strategy), strategy);
});

Deno.test("the README's table of words is the glossary of reports and --help", async () => {
  const readme = (await readText("README.md")).replaceAll(/ +/g, " ");
  for (const { name, text } of termsOfNames(TERMS.map(({ name }) => name))) {
    assert.ok(readme.includes(`| ${name} | ${text} |`), `the README has no row for ${name}`);
  }
});

Deno.test("the README's table of metrics is that of --metric help", async () => {
  const readme = (await readText("README.md")).replaceAll(/ +/g, " ");
  for (const [name, make] of METRICS) {
    const { unit, higherIsBetter, about, needs } = make();
    const cells = [name, unit, higherIsBetter ? "higher" : "lower", about, needs];
    const row = `| ${cells.join(" | ")} |`.replaceAll(/ +/g, " ");
    assert.ok(readme.includes(row), `the README has no row ${row}`);
  }
});

Deno.test("the README's configs are read by the commands they are for", async () => {
  const readme = await readText("README.md");
  const [nodes, sweep] = [...readme.matchAll(/^```jsonc\n(.*?)^```$/gms)].map(([, text]) => text!);
  assert.equal(parseQuantizeConfig(nodes!, "README.md").corrections.length, 1);
  assert.equal(parseSweepConfig(sweep!, "README.md").placements?.length, 3);
});
