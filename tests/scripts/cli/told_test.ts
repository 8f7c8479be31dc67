import assert from "node:assert/strict";
import { told } from "../../../scripts/cli/told.ts";

Deno.test("told() writes names of a file on one line, and cuts what nobody would read", () => {
  assert.equal(told('"a\nb\x1b" is\nodd'), '"a\\nb\\x1b" is\nodd');
  assert.equal(told(`"${"n".repeat(5000)}" and "x"`), `"${"n".repeat(200)}…" and "x"`);
});
