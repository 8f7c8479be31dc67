import assert from "node:assert/strict";
import { env } from "onnxruntime-web";
import { ortVersion } from "../../../lib/runtime/deno/ort_version.ts";

Deno.test("ortVersion() is what the package says of itself when it is loaded", () => {
  assert.equal(ortVersion(), env.versions.web);
});
