import assert from "node:assert/strict";
import project from "../../deno.json" with { type: "json" };
import { type Answer, chosen } from "../../cli/choose.ts";
import { COMMANDS } from "../../cli/commands.ts";
import inspect from "../../cli/commands/inspect.ts";
import { start } from "./spawn.ts";

/** What is answered at once. */
async function answerTo(...args: string[]): Promise<Answer> {
  const choice = await chosen(args);
  assert.ok("text" in choice, args.join(" "));
  return choice;
}

Deno.test("octavo names all of its commands with one line each, and says its version", async () => {
  for (const args of [[], ["--help"], ["-h"]]) {
    const { text, code } = await answerTo(...args);
    assert.equal(code, 0);
    for (const name of COMMANDS.keys()) assert.match(text, new RegExp(`^  ${name} +\\w`, "m"));
  }
  assert.deepEqual(await answerTo("--version"), { text: `octavo ${project.version}`, code: 0 });
});

Deno.test("octavo gives the rest of the line to the command that its first word names", async () => {
  const args = ["inspect", "a.onnx", "--json"];
  assert.deepEqual(await chosen(args), { script: inspect, args: args.slice(1) });
  assert.deepEqual(await chosen(["--help", "inspect"]), { script: inspect, args: ["--help"] });
});

Deno.test("octavo suggests the nearest command or option for a misspelt one", async () => {
  const wrong: [word: string, told: RegExp][] = [
    ["swep", /Unknown command "swep": did you mean sweep\?\nSee: octavo --help$/],
    ["constructor", /Unknown command "constructor": the name of a command comes first\n/],
    ["--verson", /Unknown option --verson: did you mean --version\?\n/],
  ];
  for (const [word, told] of wrong) {
    const { text, code } = await answerTo(word);
    assert.equal(code, 2);
    assert.match(text, told);
  }
});

Deno.test("octavo --help and --version load no command", async () => {
  const { code, stdout } = await start("--version", []).output();
  assert.equal(code, 0);
  assert.equal(new TextDecoder().decode(stdout), `octavo ${project.version}\n`);
});
