import assert from "node:assert/strict";
import { referenceModule } from "../../scripts/doc/reference.ts";

Deno.test("referenceModule() puts all entries into one module, under their names", () => {
  const tags = [{ kind: "module" }, { kind: "example", doc: "Two\n```ts\ntwo();\n```" }];
  const entries = [
    { name: "octavo", url: "file:///mod.ts", doc: { module_doc: { doc: "The face." } } },
    { name: "octavo/two", url: "file:///two.ts", doc: { module_doc: { doc: "More.", tags } } },
    { name: "octavo/cli", url: "file:///cli.ts", doc: {} },
  ];
  assert.equal(
    referenceModule(entries),
    `/**
 * ## octavo
 *
 * The face.
 *
 * ## octavo/two
 *
 * More.
 *
 * Two
 * \`\`\`ts
 * two();
 * \`\`\`
 *
 * @module
 */
export * from "file:///mod.ts";
export * from "file:///two.ts";
export * from "file:///cli.ts";
`,
  );
});
