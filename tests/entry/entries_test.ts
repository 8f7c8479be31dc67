import assert from "node:assert/strict";
import { decodeModel, fuse, Model } from "octavo";
import { parseModel, printGraph } from "octavo/advanced";
import { table } from "octavo/notebook";
import deno from "../../deno.json" with { type: "json" };

Deno.test("what one entry makes, the others take", () => {
  const model = parseModel("input x float32[2]; output y float32[2]; y = Relu(x)");
  assert.ok(model instanceof Model);
  const back = decodeModel(model.bytes());
  assert.equal(printGraph(back.graph), printGraph(model.graph));
  assert.match(printGraph(fuse(back).graph), /y = Relu\(x\)/);
  assert.match(table([{ node: "y", bits: 8 }]).text, /^node +bits\n/);
});

Deno.test("an entry is called the same inside the project and by those who install it", () => {
  const { exports, imports } = deno;
  for (const [name, path] of Object.entries(exports)) {
    const specifier = name.replace(".", "octavo") as keyof typeof imports;
    assert.equal(imports[specifier], path);
  }
});
