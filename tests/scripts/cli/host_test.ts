import assert from "node:assert/strict";
import { NEEDED_DENO, wrongHost } from "../../../scripts/cli/host.ts";
import { readText } from "../../house/tree.ts";

Deno.test("wrongHost() says which Deno it is, which is needed, and how to get that", () => {
  for (const deno of ["1.46.3", "2.9.5", "2.8.10", "2.9.5-rc.1"]) {
    assert.equal(
      wrongHost({ Deno: { version: { deno } } }),
      `octavo: This is Deno ${deno}, and it takes 2.9.6 or newer: npx --yes deno@2.9.6 runs it without ` +
        "being installed, and deno upgrade brings the newest.",
    );
  }
  for (const deno of ["2.9.6", "2.9.7+1a2b3c4", "2.10.0", "3.0.0"]) {
    assert.equal(wrongHost({ Deno: { version: { deno } } }), undefined);
  }
});

Deno.test("wrongHost() sends whoever runs the commands with Node to Deno", () => {
  assert.match(
    wrongHost({})!,
    /^octavo: The commands run on Deno, .*npx --yes deno@2.* npx octavo/,
  );
});

Deno.test("the Deno that the commands need is the one that the README and the checks get", async () => {
  for (const path of ["README.md", ".ci/run"]) {
    const versions = (await readText(path)).match(/deno@[\d.]*\d/g) ?? [];
    assert.deepEqual([...new Set(versions)], [`deno@${NEEDED_DENO}`], path);
  }
});
