import assert from "node:assert/strict";
import project from "../../deno.json" with { type: "json" };
import { COMMANDS } from "../../cli/commands.ts";
import { FLAGS, withoutPermission } from "../../cli/permissions.ts";
import { UserError } from "../../lib/errors.ts";
import { startPermitted } from "./spawn.ts";

const tasks: Readonly<Record<string, { readonly command: string }>> = project.tasks;

Deno.test("the task permitted gives the commands what they need, and nothing else", () => {
  const flags = FLAGS.map((flag) => flag.includes("*") ? `'${flag}'` : flag);
  const expected = ["deno run --no-prompt", ...flags, "cli/octavo.ts"].join(" ");
  assert.equal(tasks.permitted!.command, expected);
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
