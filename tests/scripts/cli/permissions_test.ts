import assert from "node:assert/strict";
import project from "../../../deno.json" with { type: "json" };
import { COMMANDS } from "../../../scripts/cli/commands.ts";
import { FLAGS, withoutPermission } from "../../../scripts/cli/permissions.ts";
import { UserError } from "../../../lib/errors.ts";
import { projectPath, readText, ROOT, typescriptFiles } from "../../house/tree.ts";
import { startPermitted } from "./spawn.ts";

const tasks: Readonly<Record<string, { readonly command: string }>> = project.tasks;

/** The flags as a task has them, whose shell would look for files at a star. */
const flags = FLAGS.map((flag) => flag.includes("*") ? `'${flag}'` : flag).join(" ");

Deno.test("the task permitted gives the commands what they need, and nothing else", () => {
  assert.equal(tasks.permitted!.command, `deno run --no-prompt ${flags} scripts/cli/octavo.ts`);
});

Deno.test("the task compile gives as much, and takes along what is started or read by its address", async () => {
  const addressed: string[] = [];
  for (const path of await typescriptFiles("scripts/cli/", "lib/")) {
    const code = (await readText(path)).replaceAll(/^ *(\*|\/\/).*$/gm, "");
    for (const [, file] of code.matchAll(/new URL\("(\.[^"]*[^"/])", import\.meta\.url\)/g)) {
      addressed.push(projectPath(new URL(file!, new URL(path, ROOT)).href)!);
    }
  }
  const files = addressed.filter((file) => file !== "").sort().map((file) => `--include ${file}`);
  assert.equal(
    tasks.compile!.command,
    `deno compile --output dist/octavo --no-prompt ${flags} ${
      files.join(" ")
    } scripts/cli/octavo.ts`,
  );
});

Deno.test("every command has a task of its name, which runs with these permissions", () => {
  for (const name of COMMANDS.keys()) {
    assert.equal(
      tasks[name]?.command,
      `OCTAVO_AS='deno task' deno task --quiet permitted ${name}`,
    );
  }
});

Deno.test("withoutPermission() names the flag that is missing, wherever the error was wrapped", () => {
  const { NotCapable } = Deno.errors;
  const denied = (what: string) =>
    new NotCapable(`Requires ${what}, run again with the --allow-x flag`);
  const cause = denied('write access to "st"');
  assert.match(
    withoutPermission(new UserError("Cannot use st", { cause }))!,
    /^Octavo may not write "st": Deno was started without --allow-write\. It needs --allow-read --allow-write --allow-sys=cpus,loadavg$/,
  );
  assert.match(
    withoutPermission(denied('sys access to "cpus"'))!,
    /^Octavo may not ask the system for "cpus": .* without --allow-sys\./,
  );
  assert.match(
    withoutPermission(denied('net access to "a:1"'))!,
    /^Octavo may not use net: "a:1": /,
  );
  assert.match(
    withoutPermission(denied('all access to "/proc/a"'))!,
    /^Octavo may not use "\/proc\/a": /,
  );
  assert.equal(withoutPermission(new UserError("Cannot read a.onnx")), undefined);
});

Deno.test("without permissions a command says in one message which it needs, and asks nobody", async () => {
  const { code, stderr } = await startPermitted([], "inspect", "a.onnx").output();
  assert.equal(code, 1);
  assert.match(
    new TextDecoder().decode(stderr),
    /^octavo: Octavo may not read ".*": Deno was started without --allow-read\. It needs .*\n$/,
  );
});
