import assert from "node:assert/strict";
import { runUntil } from "./spawn.ts";

Deno.test("Ctrl-C ends a command that computes, waits, or does not listen, and says what is kept", {
  ignore: Deno.build.os === "windows",
}, async () => {
  for (const doing of ["busy", "waiting", "deaf"]) {
    const { code, stderr } = await runUntil("begun", "SIGINT", "../tests/scripts/stuck", doing);
    assert.equal(code, 130, doing);
    assert.match(
      stderr,
      /stuck: stopped; what was measured is kept, and the same command goes on from there\n$/,
    );
  }
});
