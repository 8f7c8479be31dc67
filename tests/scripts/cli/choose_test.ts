import assert from "node:assert/strict";
import project from "../../../deno.json" with { type: "json" };
import { type Answer, chosen } from "../../../scripts/cli/choose.ts";
import { COMMANDS } from "../../../scripts/cli/commands.ts";
import { COMMON_OPTIONS } from "../../../scripts/cli/common_options.ts";
import help from "../../../scripts/cli/commands/help.ts";
import type { Option } from "../../../scripts/cli/command.ts";
import inspect from "../../../scripts/cli/commands/inspect.ts";
import { start } from "./spawn.ts";

/** What is answered at once. */
async function answerTo(...args: string[]): Promise<Answer> {
  const choice = await chosen(args);
  assert.ok("text" in choice, args.join(" "));
  return choice;
}

Deno.test("octavo names all of its commands with one line each, and says its version", async () => {
  for (const args of [[], ["--help"], ["-h"], ["help"]]) {
    const { text, code } = await answerTo(...args);
    assert.equal(code, 0);
    for (const name of COMMANDS.keys()) assert.match(text, new RegExp(`^  ${name} +\\w`, "m"));
  }
  assert.deepEqual(await answerTo("--version"), { text: `octavo ${project.version}`, code: 0 });
});

Deno.test("octavo gives the rest of the line to the command that its first word names", async () => {
  const args = ["inspect", "a.onnx", "--json"];
  assert.deepEqual(await chosen(args), { script: inspect, args: args.slice(1) });
  for (const first of ["--help", "help"]) {
    assert.deepEqual(await chosen([first, "inspect"]), { script: inspect, args: ["--help"] });
  }
  assert.deepEqual(await chosen(["help", "config"]), { script: help, args: ["config"] });
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

/** The options of all commands by name, with the commands that take them. */
async function allOptions(): Promise<Map<string, { command: string; option: Option }[]>> {
  const options = new Map<string, { command: string; option: Option }[]>();
  for (const [command, { load }] of COMMANDS) {
    const { default: script } = await load();
    for (const [name, option] of Object.entries(script.command.options)) {
      options.set(name, [...options.get(name) ?? [], { command, option }]);
    }
  }
  return options;
}

/** What commands do with a value of one form: a file or a folder that is written, one set of samples or more. */
const SAME: Readonly<Record<string, Partial<Option>>> = {
  out: { placeholder: "a file or a folder" },
  data: { kind: "texts", placeholder: "[NAME=]PATH" },
};

Deno.test("an option takes the same values in whichever command it is", async () => {
  for (const [name, takers] of await allOptions()) {
    const forms = takers.map(({ option: { help: _, ...form } }) =>
      JSON.stringify({ ...form, ...SAME[name] })
    );
    assert.deepEqual([...new Set(forms)].length, 1, `${name}: ${[...new Set(forms)]}`);
  }
});

Deno.test("the options that octavo --help tells of are those of three commands and more", async () => {
  const options = await allOptions();
  for (const form of COMMON_OPTIONS.keys()) {
    const [, name] = form.match(/^--([a-z]+)/)!;
    assert.ok((options.get(name!) ?? []).length >= 3, form);
    assert.match((await answerTo("--help")).text, new RegExp(`^  ${form} +\\w`, "m"));
  }
});

Deno.test("octavo --help and --version load no command", async () => {
  const { code, stdout } = await start("--version", []).output();
  assert.equal(code, 0);
  assert.equal(new TextDecoder().decode(stdout), `octavo ${project.version}\n`);
});
