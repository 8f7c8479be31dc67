import assert from "node:assert/strict";
import { UserError } from "../../../lib/errors.ts";
import { packError, unpackError } from "../../../lib/runtime/deno/plain_error.ts";
import { RuntimeError } from "../../../lib/runtime/runtime_errors.ts";

Deno.test("an error keeps its class and fields between threads", () => {
  const node = { opType: "Conv", name: "/c" };
  const runtime = new RuntimeError("broken", "net", { node, fatal: true });
  for (const error of [runtime, new UserError("u"), new Error("e")]) {
    const back = unpackError(structuredClone(packError(error)));
    assert.equal(back.constructor, error.constructor);
    assert.equal(back.message, error.message);
  }
  const back = unpackError(structuredClone(packError(runtime))) as RuntimeError;
  assert.deepEqual([back.model, back.node, back.fatal], ["net", node, true]);
});
