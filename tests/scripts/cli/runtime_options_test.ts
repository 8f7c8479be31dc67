import assert from "node:assert/strict";
import { runtimeChoice } from "../../../scripts/cli/runtime_options.ts";

Deno.test("runtimeChoice() hands on what was asked for, and refuses a binary that there is not", () => {
  assert.deepEqual(runtimeChoice({}), {});
  const jsep = runtimeChoice({ runtime: "1.29.0", binary: "jsep" });
  assert.deepEqual(jsep, { ort: "1.29.0", binary: "jsep" });
  assert.throws(() => runtimeChoice({ binary: "webgpu" }), {
    name: "UsageError",
    message: '--binary is one of plain, jsep, asyncify, jspi, got "webgpu"',
  });
});
