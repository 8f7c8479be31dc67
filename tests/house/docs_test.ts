import assert from "node:assert/strict";
import { run } from "./tree.ts";

interface Declaration {
  readonly kind: string;
  readonly jsDoc?: { readonly doc?: string };
}

interface Documentation {
  readonly nodes: Record<string, { symbols: { name: string; declarations: Declaration[] }[] }>;
}

Deno.test("everything that mod.ts exports is documented", async () => {
  const { nodes }: Documentation = JSON.parse(
    await run(Deno.execPath(), "doc", "--json", "mod.ts"),
  );
  const symbols = Object.values(nodes).flatMap(({ symbols }) => symbols);
  assert.ok(symbols.length > 0);
  // One of several declarations is enough: an overload, or a type beside a value of the same name.
  const bare = symbols.filter(({ declarations }) => !declarations.some(({ jsDoc }) => jsDoc?.doc));
  assert.deepEqual(bare.map(({ name }) => name), []);
});
