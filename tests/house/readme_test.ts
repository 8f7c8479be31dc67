import assert from "node:assert/strict";
import { TERMS } from "../../lib/report/terms.ts";
import { codeBlocks } from "./face.ts";
import { readText, run } from "./tree.ts";

Deno.test("the types of the README's code are right", async () => {
  await run(Deno.execPath(), "check", "--quiet", "--doc-only", "README.md");
});

Deno.test("the README's strategy is the one that the example of runStudy() runs", async () => {
  const blocks = codeBlocks(await readText("README.md"));
  const strategy = blocks.join("").match(/^\/\/[^\n]*\nfunction randomSearch.*?^}$/ms)?.[0];
  assert.ok(strategy, "the README has no randomSearch()");
  const source = await readText("lib/task/run_study.ts");
  assert.ok(source.replaceAll(/^ \* ?/gm, "").includes(strategy), strategy);
});

Deno.test("the README's table of words is the glossary of reports and --help", async () => {
  const readme = (await readText("README.md")).replaceAll(/ +/g, " ");
  for (const { name, text } of TERMS) {
    assert.ok(readme.includes(`| ${name} | ${text} |`), `the README has no row for ${name}`);
  }
});
