import assert from "node:assert/strict";
import { commandLike, commandName } from "../lib/command_name.ts";
import { withVariables } from "./variables.ts";

Deno.test("commandName() names a command as the task says that was typed, else as it is installed", () => {
  withVariables({ OCTAVO_AS: undefined }, () => {
    assert.equal(commandName("sweep"), "octavo sweep");
  });
  withVariables({ OCTAVO_AS: "deno task" }, () => {
    assert.equal(commandName("sweep"), "deno task sweep");
  });
});

Deno.test("commandName() names it as it is installed where the environment may not be read", {
  permissions: { env: false },
}, () => {
  assert.equal(commandName("sweep"), "octavo sweep");
});

Deno.test("commandLike() names a command in the way of the one that was recorded", () => {
  assert.equal(commandLike("npx octavo search a.onnx", "profile"), "npx octavo profile");
  assert.equal(commandLike("deno task octavo sweep", "profile"), "deno task octavo profile");
  assert.equal(commandLike("runStudy()", "profile"), "octavo profile");
});
