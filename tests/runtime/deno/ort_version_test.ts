import assert from "node:assert/strict";
import { env } from "onnxruntime-web";
import project from "../../../deno.json" with { type: "json" };
import { VERIFIED_RUNTIME } from "../../../lib/record/verified_runtime.ts";
import { ortVersion } from "../../../lib/runtime/deno/ort_version.ts";

Deno.test("ortVersion() is what the package says of itself when it is loaded", () => {
  assert.equal(ortVersion(), env.versions.web);
});

Deno.test("Octavo asks for the onnxruntime-web that it was verified with", () => {
  assert.equal(project.imports["onnxruntime-web"], `npm:onnxruntime-web@${VERIFIED_RUNTIME}`);
});
