import assert from "node:assert/strict";
import { canaryCode, pageCode, serviceCode } from "../../lib/ship/loading_code.ts";

Deno.test("pageCode() loads the file with the threads it was measured with", () => {
  const code = pageCode("a.onnx", { threads: 2 });
  assert.match(code, /InferenceSession\.create\("\/a\.onnx", \{/);
  assert.match(code, /numThreads = 2;/);
});

Deno.test("serviceCode() imports the package that knows threads in Deno, not the one for pages", () => {
  const code = serviceCode("a.onnx");
  assert.match(code, /^import \* as ort from "npm:onnxruntime-web@[\d.]+";/);
  assert.match(code, /Deno\.readFile\("a\.onnx"\)/);
});

Deno.test("canaryCode() names the canary's file, and the module that is written beside it", () => {
  const code = canaryCode("canary.json");
  assert.match(code, /^import \{ selfTest \} from "\.\/self_test\.js";/);
  assert.match(code, /fetch\("\/canary\.json"\)/);
});

Deno.test("the README shows the same code", async () => {
  const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
  assert.ok(readme.includes(`\`\`\`js\n${pageCode("best.onnx")}\n\`\`\`\n`), "page");
  assert.ok(readme.includes(`\`\`\`ts ignore\n${serviceCode("best.onnx")}\n\`\`\`\n`), "service");
});
